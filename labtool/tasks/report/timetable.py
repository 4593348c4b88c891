"""Which timers ran, which are next, and which are overdue. Pure: it takes `now`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer
from labtool.core.journal import Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One timer or task: its command, last run, next due time (UTC; None for a task that no
    timer runs), and the first time that it missed since."""

    name: str
    command: str
    last: Entry | None
    next_due: datetime | None
    overdue_since: datetime | None


def timetable(
    timers: Mapping[str, Timer],
    by_timer: Mapping[str, Entry],
    by_command: Mapping[str, Entry],
    first_run: datetime | None,
    zone: ZoneInfo,
    now: datetime,
) -> list[Line]:
    """A line for each timer, then for each command that runs without one. A run of a
    timer's command by hand counts as the timer's.

    A timer is overdue when its latest time is longer ago than its grace and it has not
    started since; `first_run` is when anything ran here first, for a timer that never did.
    """
    lines = []
    for name, timer in timers.items():
        found = [e for e in (by_timer.get(name), by_command.get(timer.run)) if e]
        last = max(found, key=lambda entry: entry.id, default=None)
        due = timer.when.previous(now, zone)
        seen = last.started if last else first_run
        late = seen is not None and seen < due and now > due + timer.grace
        missed = timer.when.next_after(seen, zone) if late and seen else None
        following = timer.when.next_after(now, zone)
        lines.append(Line(name, timer.run, last, following, missed))
    commands = {timer.run for timer in timers.values()}
    lines += [
        Line(command, command, entry, None, None)
        for command, entry in sorted(by_command.items())
        if command not in commands
        and entry.timer not in timers
        # What was only mistyped by hand is nobody's task.
        and (entry.timer or entry.status != "usage")
    ]
    return lines
