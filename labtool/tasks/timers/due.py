"""Which timers are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.schedule import Schedule

# A mark further ahead than this was made while the machine's clock was wrong.
_CLOCK_WAS_WRONG = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A timer that is due, and the instant (UTC) at which it should have run."""

    name: str
    scheduled: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """`due` are to be run, the longest overdue first; `new` are seen for the first time:
    they start to count from now."""

    due: tuple[Slot, ...]
    new: tuple[str, ...]


def decide(
    schedules: Mapping[str, Schedule],
    handled: Mapping[str, datetime | None],
    zone: ZoneInfo,
    now: datetime,
) -> Decision:
    """What to run at `now`. `handled` is the last scheduled instant of each timer that was
    run. A timer that missed several is due once, for the latest."""
    due: list[Slot] = []
    new: list[str] = []
    for name, schedule in schedules.items():
        last = handled.get(name)
        if last is None or last > now + _CLOCK_WAS_WRONG:
            new.append(name)
            continue
        latest = schedule.previous(now, zone)
        if latest > last:
            due.append(Slot(name, latest))
    due.sort(key=lambda slot: slot.scheduled)
    return Decision(tuple(due), tuple(new))
