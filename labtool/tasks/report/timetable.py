"""Which timers ran, which are next, and which are overdue. Pure: it takes `now`."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer
from labtool.core.journal import Entry

# How many arguments of a task a row names: those that are labtool's own words. Of other tasks all,
# as they are names in the config.
_NAMED = {"backup": 1, "cache": 0, "instruments": 1, "jobs": 1, "workflow": 1}
# A task whose name is not how it is typed: it has a lock of its own.
_TYPED = {"jobs-work": "jobs work", "workflow-work": "workflow work"}


@dataclass(frozen=True, slots=True)
class Line:
    """One timer or command: its command, last run, next due time (UTC; None for a command that
    no timer runs), and the first time that it missed since."""

    name: str
    command: str
    last: Entry | None
    next_due: datetime | None
    overdue_since: datetime | None


def timetable(
    timers: Mapping[str, Timer],
    by_timer: Mapping[str, Entry],
    by_command: Mapping[str, Entry],
    since: datetime | None,
    zone: ZoneInfo,
    now: datetime,
    going: Container[int] = (),
) -> list[Line]:
    """A line for each timer, then for each command that runs without one, whatever its
    arguments were. A run of a timer's command by hand counts as the timer's.

    A timer is overdue when the first time that it missed since its last run is longer ago than
    its grace; what comes due while it runs is not missed. `since` is from when on one that never
    ran is missed, `going` the runs that go on now.
    """
    typed = {_typed(entry): entry for entry in by_command.values()}
    lines = []
    for name, timer in timers.items():
        found = [e for e in (by_timer.get(name), typed.get(timer.run)) if e]
        last = max(found, key=lambda entry: entry.id, default=None)
        missed = None if last and last.id in going else _missed(timer, last, since, zone, now)
        following = timer.when.next_after(now, zone)
        lines.append(Line(name, timer.run, last, following, missed))
    commands = {timer.run for timer in timers.values()}
    others: dict[str, Entry] = {}
    for entry in sorted(typed.values(), key=lambda entry: entry.id):
        # What was only mistyped by hand is nobody's task.
        meant = entry.timer or entry.status != "usage"
        if meant and entry.timer not in timers and _typed(entry) not in commands:
            others[_words(entry)] = entry
    lines += [Line(words, words, entry, None, None) for words, entry in sorted(others.items())]
    return lines


def _missed(
    timer: Timer, last: Entry | None, since: datetime | None, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """The first time that a timer missed; None while it is not late."""
    seen = max(last.started, last.ended or last.started) if last else since
    if seen is None:
        return None
    due = timer.when.next_after(seen, zone)
    return due if now > due + timer.grace else None


def _typed(entry: Entry) -> str:
    """A run's command, as somebody would type it."""
    return " ".join((_TYPED.get(entry.task, entry.task), *entry.arguments))


def _words(entry: Entry) -> str:
    """The same without what somebody chose: that is not for everybody to read."""
    words = [_TYPED.get(entry.task, entry.task), *entry.arguments]
    return " ".join(words[: 1 + _NAMED.get(entry.task, len(words))])


def whose(entry: Entry, timers: Mapping[str, Timer]) -> str:
    """Under which name a run counts, as in the timetable; empty for what was only mistyped."""
    if entry.timer:
        return entry.timer
    if entry.status == "usage":
        return ""
    typed = _typed(entry)
    return next((name for name, timer in timers.items() if timer.run == typed), _words(entry))


def as_kept(command: str) -> str:
    """A command, as the journal knows it."""
    for task, typed in _TYPED.items():
        if f"{command} ".startswith(f"{typed} "):
            return f"{task}{command.removeprefix(typed)}"
    return command
