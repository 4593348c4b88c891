"""Schedules as systemd writes them: `OnCalendar=Mon..Fri *-*-* 09:00:00 Europe/Berlin`.

Where the clock changes, systemd differs from cron: it leaves out what falls into a skipped
hour (github.com/systemd/systemd/issues/5595), and does not run in an hour that comes again
(8647). Schedules that concern every hour are therefore written in UTC, and for others the
runs that it would miss are added as dates.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.schedule import Schedule, clock_changes

# For how long clock changes are written down: laws change, and so do machines.
_AHEAD = timedelta(days=5 * 366)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def on_calendar(schedule: Schedule, zone: ZoneInfo, now: datetime) -> list[str]:
    """The values of OnCalendar= that together say `schedule` by the clock of `zone`.

    cron's "this day of the month or that weekday" takes two of them. Raises ValueError for
    what systemd cannot say.
    """
    from cronsim import CronSim

    cron = CronSim(schedule.cron, datetime(2000, 1, 1))  # noqa: DTZ001 - only to parse it
    minutes, hours = sorted(cron.minutes), sorted(cron.hours)
    days = _days(cron.days, cron.weekdays, both=cron.day_and)
    if days is None:
        raise ValueError(
            f"systemd has no words for {schedule.text!r}; write another schedule, or let cron"
            " run this lab's timers (labtool timers crontab)"
        )
    month = _list(cron.months, 1, 12)
    now = now.astimezone(UTC)
    changes = list(clock_changes(now, now + _AHEAD, zone))
    hourly = len(hours) == 24 and days == [("", "*")] and month == "*" and not schedule.names_times
    if hourly and (shifted := _in_utc(minutes, [now, *changes], zone)) is not None:
        return [f"*-*-* *:{_minutes(shifted)}:00 UTC"]
    time = f"{_list(hours, 0, 23)}:{_minutes(minutes)}:00"
    lines = [
        f"{weekday} *-{month}{'' if day.startswith('~') else '-'}{day} {time} {zone}".lstrip()
        for weekday, day in days
    ]
    return lines + [
        f"{moment:%Y-%m-%d %H:%M}:00 UTC" for moment in _missed(schedule, changes, zone)
    ]


def _days(
    days: set[int], weekdays: Iterable[int | tuple[int, int]], *, both: bool
) -> list[tuple[str, str]] | None:
    """Pairs of weekdays and day of the month; None where systemd has no words for it."""
    every_day = days >= set(range(1, 32))
    by_date = _by_date(days)
    by_weekday = _by_weekday(set(weekdays))
    if by_date is None or by_weekday is None:
        return None
    if not both:
        return [*by_date, *by_weekday]
    if every_day:
        return by_weekday
    if by_weekday == [("", "*")]:
        return by_date
    if len(by_weekday) == 1 and by_weekday[0][1] == "*":
        return [(by_weekday[0][0], day) for _, day in by_date]
    return None


def _by_date(days: set[int]) -> list[tuple[str, str]] | None:
    from cronsim import CronSim

    if CronSim.LAST_WEEKDAY in days:
        return None
    plain = days - {CronSim.LAST}
    found = [("", _list(plain, 1, 31))] if plain else []
    return found + ([("", "~01")] if CronSim.LAST in days else [])


def _by_weekday(weekdays: set[int | tuple[int, int]]) -> list[tuple[str, str]] | None:
    from cronsim import CronSim

    plain = {(day - 1) % 7 for day in weekdays if isinstance(day, int)}
    found = []
    if len(plain) == 7:
        found.append(("", "*"))
    elif plain:
        found.append((_spans(sorted(plain), _WEEKDAYS), "*"))
    for item in sorted(item for item in weekdays if isinstance(item, tuple)):
        day, which = item
        dates = "~07/1" if which == CronSim.LAST else f"{7 * which - 6:02}..{7 * which:02}"
        found.append((_WEEKDAYS[(day - 1) % 7], dates))
    return found


def _minutes(minutes: Sequence[int]) -> str:
    """Minutes as one field, `00/15` where they are regular.

    Only minutes are written in steps: at clock changes, systemd loses its way in steps of
    hours (on 252: `00/2:00 America/Santiago`), and before 251 in steps of days.
    """
    step = minutes[1] - minutes[0] if len(minutes) > 2 else 0
    if step > 1 and list(minutes) == list(range(minutes[0], 60, step)):
        return f"{minutes[0]:02}/{step}"
    return _list(minutes, 0, 59)


def _list(values: Iterable[int], low: int, high: int) -> str:
    """Numbers as one field: `*`, or numbers and ranges."""
    numbers = sorted(values)
    if numbers == list(range(low, high + 1)):
        return "*"
    return _spans(numbers, [f"{number:02}" for number in range(high + 1)])


def _spans(numbers: Iterable[int], names: Sequence[str]) -> str:
    """`Mon..Wed,Fri`: each number by its name, neighbours as a range."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ",".join("..".join(dict.fromkeys((names[s[0]], names[s[-1]]))) for s in spans)


def _in_utc(minutes: list[int], moments: list[datetime], zone: ZoneInfo) -> list[int] | None:
    """The minutes of the hour by UTC; None where they differ from one moment to another."""
    found = {
        tuple(sorted({(minute - _offset_minutes(moment, zone)) % 60 for minute in minutes}))
        for moment in moments
    }
    return list(found.pop()) if len(found) == 1 else None


def _offset_minutes(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)


def _missed(schedule: Schedule, changes: list[datetime], zone: ZoneInfo) -> list[datetime]:
    """The runs at clock changes that systemd leaves out: at the end of a skipped hour, and
    in an hour that comes again."""
    found = []
    for change in changes:
        before = change - timedelta(seconds=1)
        back = _offset_minutes(before, zone) - _offset_minutes(change, zone)
        end = change + timedelta(minutes=max(back, 1))
        moment = schedule.next_after(before, zone)
        while moment < end:
            found.append(moment)
            moment = schedule.next_after(moment, zone)
    return found
