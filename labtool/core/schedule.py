"""When something runs: `every 3m`, `daily 09:00`, `mon,thu 09:00`, or a cron expression.

A schedule is read by the lab's clock, as Debian's cron does it. One that names its hours
and minutes runs on each of them once: in an hour that is skipped, at the next minute that
exists; in an hour that comes twice, the first time. One with a star in its hour or minute
(`every 30m`) follows the clock on the wall: it runs through both hours, and rests in one
that is skipped. cronsim matches dates without a zone; the zone is applied here, as its own
way of stepping misses minutes where clocks change by half an hour or at midnight.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_LONGEST = 200  # characters of a schedule


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something runs. `text` is what was written; `cron` says it in five fields."""

    text: str
    cron: str

    def __str__(self) -> str:
        return self.text

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first scheduled instant after `moment` by the clock of `zone`, in UTC."""
        if not self.names_times:
            return self._next_by_clock(_whole_minute(moment) + _MINUTE, zone)
        here = moment.astimezone(zone)
        # In a repeated hour, what ran the first time comes up once more: too early.
        found = (_instant(wall, zone) for wall in self._walls(_wall(here)))
        return next(instant for instant in found if instant > moment)

    def previous(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The last scheduled instant that is not after `moment`, in UTC."""
        if not self.names_times:
            return self._previous_by_clock(_whole_minute(moment), zone)
        here = moment.astimezone(zone)
        start = _wall(here) + _repeated(here) + _MINUTE
        found = (_instant(wall, zone) for wall in self._walls(start, back=True))
        return next(instant for instant in found if instant <= moment)

    @property
    def names_times(self) -> bool:
        """Whether it names its hours and minutes, so that none is lost or doubled when
        clocks change."""
        minute, hour, *_ = self.cron.split()
        return not minute.startswith("*") and not hour.startswith("*")

    def _next_by_clock(self, start: datetime, zone: ZoneInfo) -> datetime:
        while True:
            here = start.astimezone(zone)
            wall = next(self._walls(_wall(here) - _SECOND))
            found = start + (wall - _wall(here))
            change = next(clock_changes(start, found, zone), None)
            if change is None:
                return found
            start = change

    def _previous_by_clock(self, start: datetime, zone: ZoneInfo) -> datetime:
        while True:
            here = start.astimezone(zone)
            wall = next(self._walls(_wall(here) + _SECOND, back=True))
            found = start - (_wall(here) - wall)
            change = _last_change(found, start, zone)
            if change is None:
                return found
            start = change - _MINUTE

    def _walls(self, start: datetime, *, back: bool = False) -> Iterator[datetime]:
        """The times on the wall that match, strictly after (before) `start`, in order."""
        from cronsim import CronSim

        return CronSim(self.cron, start, reverse=back)


def _whole_minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _wall(here: datetime) -> datetime:
    """What a clock on the wall shows: no zone, and no second time of a repeated hour."""
    return here.replace(tzinfo=None, fold=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows `wall`, or has skipped it, in UTC."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    return _change_between(second, first, zone)  # skipped: the offsets stand the other way


def _repeated(here: datetime) -> timedelta:
    """By how much the clock is set back within reach of `here`; zero on most days."""
    first, second = (here.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return second - first


def clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants after `start`, up to `end`, at which the clock of `zone` is changed."""
    while start < end:
        step = min(start + _DAY, end)
        if _offset(start, zone) != _offset(step, zone):
            step = _change_between(start, step, zone)
            yield step
        start = step


def _last_change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The last instant after `start`, up to `end`, at which the clock was changed."""
    while start < end:
        step = max(end - _DAY, start)
        if _offset(step, zone) != _offset(end, zone):
            return _change_between(step, end, zone)
        end = step
    return None


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, to the second, that has the offset of `high` but not of `low`."""
    before = _offset(low, zone)
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high


_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FULL_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FORMS = "write every 15m, hourly, daily 09:00, mon,thu 09:00, monthly 1 09:00 or 0 9 * * 1"
_EVERY = re.compile(r"every ([0-9]{1,5}) ?(m|h)")
_DAILY = re.compile(r"daily ([0-9:]+)")
_MONTHLY = re.compile(r"monthly ([0-9]{1,2}) ([0-9:]+)")
_WEEKLY = re.compile(r"([a-z][a-z.,]*) ([0-9:]+)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_EVENLY = [n for n in range(1, 60) if 60 % n == 0] + [60 * n for n in range(1, 25) if 24 % n == 0]


def parse_when(text: str) -> Schedule:
    """The schedule that `text` writes. Raises ValueError, whose message says what is wrong
    with it and, after its last semicolon, what to write instead."""
    written = " ".join(text.split())
    if len(written) > _LONGEST:
        raise ValueError(f"a schedule of {len(written)} characters is too long; {_FORMS}")
    if len(written.split()) == 5 and written[0] in "*0123456789" and written.isascii():
        return Schedule(written, _checked(written))
    words = re.sub(r" ?(,|\.\.) ?", r"\1", written.lower())
    return Schedule(written, _from_words(words, written))


def _from_words(words: str, written: str) -> str:
    if words == "hourly":
        return "0 * * * *"
    if match := _EVERY.fullmatch(words):
        return _every(int(match[1]) * (60 if match[2] == "h" else 1), written)
    if match := _DAILY.fullmatch(words):
        return f"{_clock(match[1])} * * *"
    if match := _MONTHLY.fullmatch(words):
        day = int(match[1])
        if not 1 <= day <= 28:
            raise ValueError(
                f"not every month has a day {day}; write a day from 1 to 28, or the cron"
                " expression 0 9 L * * for the last day"
            )
        return f"{_clock(match[2])} {day} * *"
    if match := _WEEKLY.fullmatch(words):
        return f"{_clock(match[2])} * * {_weekdays(match[1])}"
    raise ValueError(f"{written!r} is not a schedule; {_FORMS}")


def _every(minutes: int, written: str) -> str:
    if minutes not in _EVENLY:
        raise ValueError(
            f"{written!r} does not divide the {'hour' if minutes < 60 else 'day'} evenly;"
            f" write {_nearest(minutes)}"
        )
    if minutes == 1:
        return "* * * * *"
    if minutes < 60:
        return f"*/{minutes} * * * *"
    if minutes == 60:
        return "0 * * * *"
    return "0 0 * * *" if minutes == 1440 else f"0 */{minutes // 60} * * *"


def _nearest(minutes: int) -> str:
    """The even interval below, and the one above."""
    at = bisect_left(_EVENLY, minutes)
    near = _EVENLY[max(at - 1, 0) : at + 1]
    return " or ".join(f"every {n}m" if n < 60 else f"every {n // 60}h" for n in near)


def _clock(text: str) -> str:
    """The minute and hour fields of a time of day."""
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"{text!r} is not a time of day; write one from 00:00 to 23:59")
    return f"{int(match[2])} {int(match[1])}"


def _weekdays(text: str) -> str:
    """The day-of-week field of `mon`, `mon,thu` or `mon..fri`; `fri..mon` goes over Sunday."""
    found: set[int] = set()
    for part in text.split(","):
        first, *rest = (_weekday(name) for name in part.split(".."))
        if len(rest) > 1:
            raise ValueError(f"{part!r} is not a range of days; write mon..fri")
        last = rest[0] if rest else first
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return ",".join(str(day) for day in sorted(found))


def _weekday(name: str) -> int:
    for number, (short, full) in enumerate(zip(_DAYS, _FULL_DAYS, strict=True)):
        if name in (short, full):
            return number
    raise ValueError(f"{name!r} is not a day of the week; {_FORMS}")


def _checked(cron: str) -> str:
    """A cron expression that cronsim understands and that matches some day."""
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(cron, datetime(2000, 1, 1)))  # noqa: DTZ001 - a time on the wall
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise ValueError(
            f"the {field} of the cron expression {cron!r} cannot be; "
            "write minute, hour, day of month, month and day of week"
        ) from None
    except StopIteration:
        raise ValueError(f"no date ever matches {cron!r}; write one that exists") from None
    return cron
