"""Days and slots: which day is today, which slot is on.

A slot's start is its `realtime` (ISO 8601, UTC); it lasts `duration` minutes, or as long as
its `desc` says (`09:00-10:45`), or until the day's next one. Where a day's slots do not all
have a `realtime`, the day is the one of this week that it is named after, and the hours in
`desc` are the event's local time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = re.compile(r"^\s*(\d{1,2})[:.](\d{2})(?:\s*[-\u2013\u2014]\s*(\d{1,2})[:.](\d{2}))?")
_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")
_YEARS = (1970, 2200)
_DEFAULT = timedelta(minutes=60)
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a day; `start` and `end` (UTC) are None where nothing tells them."""

    name: str
    desc: str
    start: datetime | None
    end: datetime | None

    def shifted(self, minutes: int) -> "Slot":
        """The slot, so much later."""
        if not minutes or self.start is None or self.end is None:
            return self
        late = timedelta(minutes=minutes)
        return Slot(self.name, self.desc, self.start + late, self.end + late)

    def is_on(self, now: datetime) -> bool:
        """Whether it is on at this instant."""
        return self.start is not None and self.end is not None and self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the event, as the file names it; `date` is None where nothing tells it."""

    name: str
    date: date | None
    slots: tuple[Slot, ...]


def timetable(slots: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> list[Day]:
    """The days of an event, in the file's order. `now` tells which week is this one."""
    return [_day(name, entries, zone, now) for name, entries in slots.items()]


def today(days: list[Day], zone: ZoneInfo, now: datetime) -> Day | None:
    """The event's day that is today, in the event's zone; an evening that goes on after
    midnight is still the day that it began on."""
    here = now.astimezone(zone).date()
    going_on = (day for day in days if any(slot.is_on(now) for slot in day.slots))
    return next(going_on, None) or next((day for day in days if day.date == here), None)


def _day(name: str, entries: list[Mapping[str, Any]], zone: ZoneInfo, now: datetime) -> Day:
    real = [_realtime(entry) for entry in entries]
    if entries and all(real):
        first = min(moment for moment in real if moment)
        day: date | None = first.astimezone(zone).date()
        starts = real
    else:
        day = _named(name, now.astimezone(zone).date())
        starts = [_local(entry, day, zone) for entry in entries]
    found = []
    for number, entry in enumerate(entries):
        start = starts[number]
        following = starts[number + 1] if number + 1 < len(starts) else None
        end = start + _length(entry, start, following) if start else None
        found.append(Slot(entry["name"], str(entry.get("desc") or ""), start, end))
    return Day(name, day, tuple(found))


def _realtime(entry: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(entry.get("realtime") or ""))
        if not _YEARS[0] <= moment.year <= _YEARS[1]:
            return None  # an hour more or less would be no time at all
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _named(name: str, here: date) -> date | None:
    written = _DATE.search(name)
    if written:
        try:
            return date.fromisoformat(written[1])
        except ValueError:
            return None
    for number, weekday in enumerate(_WEEKDAYS):
        if name.casefold().startswith(weekday):
            return here + timedelta(days=number - here.weekday())
    return None


def _local(entry: Mapping[str, Any], day: date | None, zone: ZoneInfo) -> datetime | None:
    hours = HOURS.match(str(entry.get("desc") or ""))
    if day is None or hours is None:
        return None
    try:
        return datetime.combine(day, time(int(hours[1]), int(hours[2])), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _length(entry: Mapping[str, Any], start: datetime, following: datetime | None) -> timedelta:
    try:
        written = timedelta(minutes=float(entry.get("duration") or 0))
    except (ValueError, OverflowError, TypeError):
        written = timedelta(0)
    if timedelta(0) < written <= _LONGEST:
        return written
    hours = HOURS.match(str(entry.get("desc") or ""))
    if hours and hours[3]:
        span = (int(hours[3]) * 60 + int(hours[4])) - (int(hours[1]) * 60 + int(hours[2]))
        return timedelta(minutes=span % 1440) or _DEFAULT
    if following and start < following <= start + _LONGEST:
        return following - start
    return _DEFAULT
