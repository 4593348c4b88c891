"""An instrument as it is now, for whoever shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from labtool.core.clock import from_iso
from labtool.tasks.instruments.center.eta import LEAST, Estimate, estimate
from labtool.tasks.instruments.center.keeping import Keeping, Known
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
    apart; `state` is None until something was heard, and its times are those of the instrument's
    clock, which lacks `skew`. `free` is when it will be, where that can be known; `runs` is how
    many are known of what it does. `behind`: a newer state is on its way."""

    key: str
    name: str
    life: Life
    heard: datetime | None
    why: str
    state: State | None
    free: Estimate | None
    runs: int
    skew: timedelta = timedelta(0)
    behind: bool = False

    def moment(self, text: str) -> datetime:
        """An instant of the instrument's clock, by the server's."""
        return from_iso(text) + self.skew

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
    if now - _listened(known.heard, keeping, now) > patience:
        life = "silent"
    elif not known.log_ok:
        life = "unreadable"
    elif known.state.state == "off" or _is_quiet(known.state, now - known.skew):
        life = "quiet"
    free, runs = _free(key, known, keeping)
    return Look(
        key,
        name,
        life,
        known.heard,
        known.why,
        known.state,
        free,
        runs,
        known.skew,
        known.behind,
    )


def _listened(heard: datetime, keeping: Keeping, now: datetime) -> datetime:
    """Since when nothing was heard: the server's own absence is nobody's silence."""
    since = keeping.listens_since()
    return max(heard, since) if since and since <= now else heard


def _is_quiet(state: State, now: datetime) -> bool:
    """Whether its software has said nothing for a while, and has nothing to do."""
    if state.procedures or not state.last_row:
        return False
    return now - from_iso(state.last_row) > _QUIET


def _free(key: str, known: Known, keeping: Keeping) -> tuple[Estimate | None, int]:
    procedures = known.state.procedures
    if not procedures or not procedures[0].started:
        return None, 0
    outer = procedures[0]
    before = keeping.runs.finished(key, outer.name)
    going = keeping.runs.going(key)
    step, at = None, None
    if going and going.steps and (going.name, going.started) == (outer.name, outer.started):
        # Steps repeat; the first time at one says most.
        step = max(going.steps, key=lambda number: going.steps[number])
        at = from_iso(going.steps[step])
    found = estimate(before, from_iso(outer.started), step, at)
    runs = found.runs if found else min(len(before), LEAST - 1)
    return found.later(known.skew) if found else None, runs
