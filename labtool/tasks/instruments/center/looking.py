"""An instrument as it is now, for whoever shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from labtool.core.clock import from_iso
from labtool.tasks.instruments.center.eta import LEAST, Estimate, estimate
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.models import State
from labtool.tasks.instruments.kinds._base import InstrumentOptions

Life = Literal["unknown", "silent", "unreadable", "quiet", "live"]
# A watch that stays has missed so many of its signs of life when it is given up.
_MISSED = 4
_QUIET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Look:
    """An instrument now. `life` tells its computer that is off (`silent`), a log that cannot
    be read (`unreadable`, and `why`) and software that is closed or says nothing (`quiet`)
    apart; `state` is None until
    something was heard. `free` is when it will be, where that can be known; `runs` is how many
    are known of what it does."""

    key: str
    name: str
    life: Life
    heard: datetime | None
    why: str
    state: State | None
    free: Estimate | None
    runs: int

    @property
    def busy(self) -> bool:
        """Whether it does something."""
        return self.state is not None and bool(self.state.procedures)


def look(key: str, options: InstrumentOptions, keeping: Keeping, now: datetime) -> Look:
    """What is known of an instrument."""
    name = options.name or key
    known = keeping.known(key)
    if known is None:
        return Look(key, name, "unknown", None, "", None, None, 0)
    patience = max(options.tell_silent, timedelta(seconds=_MISSED * known.every))
    life: Life = "live"
    if now - known.heard > patience:
        life = "silent"
    elif not known.log_ok:
        life = "unreadable"
    elif known.state.state == "off" or _is_quiet(known.state, now):
        life = "quiet"
    free, runs = _free(key, known.state, keeping)
    return Look(key, name, life, known.heard, known.why, known.state, free, runs)


def _is_quiet(state: State, now: datetime) -> bool:
    """Whether its software has said nothing for a while, and has nothing to do."""
    if state.procedures or not state.last_row:
        return False
    return now - from_iso(state.last_row) > _QUIET


def _free(key: str, state: State, keeping: Keeping) -> tuple[Estimate | None, int]:
    if not state.procedures or not state.procedures[0].started:
        return None, 0
    outer = state.procedures[0]
    before = keeping.finished(key, outer.name)
    at = from_iso(outer.step_at) if outer.step_at else None
    found = estimate(before, from_iso(outer.started), outer.step, at)
    return found, found.runs if found else min(len(before), LEAST - 1)
