"""Events of an iCalendar file, at a path or an http(s) address."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labtool.core.errors import Failed, LabtoolError
from labtool.core.files import expand
from labtool.core.text import clean, one_line
from labtool.services.calendar_rules import usable

if TYPE_CHECKING:
    from icalendar import Calendar

_LARGEST = 5 * 1024 * 1024
_MOST = 10_000
# What a button "subscribe" gives: a name for programs, no protocol of its own.
_SUBSCRIBED = re.compile(r"^webcals?://", re.IGNORECASE)
# What the library raises for what it cannot understand.
_ODD = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Event:
    """An event's days, both included, in the lab's zone; `emails` of its organizer and of who
    attends (in lower case). One that is not for whole days has the instants at which it `begins`
    and `ends`, in the lab's zone.
    """

    summary: str
    start: date
    end: date
    emails: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    location: str = ""


def events(
    source: str, start: date, end: date, base: Path, *, timeout: float, zone: tzinfo
) -> list[Event]:
    """The events of a calendar that touch the days from `start` to `end`, both included.

    `source` is a path (relative to `base`) or an address; `timeout` is in seconds. What
    cannot be understood of a single event leaves that event out. Raises Failed (no
    calendar, too large) and Temporary (network).
    """
    where, content = _read(source, base, timeout)
    calendars = _parse(content, where)
    found = sorted(
        {
            event
            for calendar in calendars
            for event in _between(calendar, start, end, zone)
            if event.start <= end and event.end >= start
        },
        key=_order,
    )
    if len(found) > _MOST:
        raise Failed(f"has more than {_MOST} events in these days", where=where, code="calendar")
    return found


def _order(event: Event) -> tuple[date, bool, float, date, str]:
    """By day; what takes whole days before what begins at a time."""
    at = event.begins.timestamp() if event.begins else 0.0
    return event.start, event.begins is not None, at, event.end, event.summary


def _read(source: str, base: Path, timeout: float) -> tuple[str, bytes]:
    source = _SUBSCRIBED.sub("https://", source)
    if "://" in source:
        from labtool.services import http

        where = f"calendar {http.shown(source)}"
        try:
            return where, http.get(source, timeout, _LARGEST).body
        except LabtoolError as error:
            error.where = where
            raise
    path = base / expand(source)
    where = f"calendar {path}"
    try:
        if not path.is_file():
            raise Failed("does not exist", where=where, fix="check the path", code="no_file")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise Failed(what, where=where, fix="check its mode", code="no_file") from error
    if len(content) > _LARGEST:
        raise Failed(f"is larger than {_LARGEST // 1024 // 1024} MB", where=where, code="too_large")
    return where, content


def _parse(content: bytes, where: str) -> "list[Calendar]":
    from icalendar import Calendar

    try:
        if b"BEGIN:VCALENDAR" not in content[:1000].upper():
            raise ValueError
        found = list(Calendar.from_ical(content, multiple=True))
        if not found:
            raise ValueError
        return found
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        fix = "give the address of the calendar in iCal format (.ics)"
        raise Failed("is not a calendar", where=where, fix=fix, code="calendar") from error


def _between(calendar: "Calendar", start: date, end: date, zone: tzinfo) -> Iterator[Event]:
    import recurring_ical_events

    # A day more at each side: an event's own zone may call the lab's day another one.
    first, last = start - timedelta(days=1), end + timedelta(days=2)
    calendar.subcomponents = [c for c in calendar.subcomponents if usable(c, last)]
    try:
        occurrences = recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last)
    except _ODD:
        occurrences = list(_one_by_one(calendar, first, last))
    for occurrence in occurrences:
        try:
            event = _event(occurrence, zone)
        except _ODD:
            continue
        if event is not None:
            yield event


def _one_by_one(calendar: "Calendar", first: date, last: date) -> Iterator[Any]:
    """The occurrences of each series that can be understood."""
    import recurring_ical_events

    rest = [c for c in calendar.subcomponents if c.name != "VEVENT"]
    series: dict[str, list[Any]] = {}
    for component in calendar.subcomponents:
        if component.name == "VEVENT":
            name = str(component.get("UID") or id(component))
            series.setdefault(name, []).append(component)
    for components in series.values():
        calendar.subcomponents = [*rest, *components]
        with suppress(*_ODD):
            yield from recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last)


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _event(component: Any, zone: tzinfo) -> Event | None:
    try:
        begins = component["DTSTART"].dt
        ends = _end(component, begins)
    except (KeyError, AttributeError):
        return None
    first, last = _day(begins, zone), _last(begins, ends, zone)
    summary = one_line(str(component.get("SUMMARY", "")))
    instants = (_instant(begins, zone), _instant(ends, zone))
    place = one_line(str(component.get("LOCATION", "")), 200)
    return Event(summary, first, max(first, last), tuple(_emails(component)), *instants, place)


def _end(component: Any, begins: date) -> date:
    """When an event ends, by what it says (RFC 5545, 3.6.1)."""
    if "DTEND" in component:
        end: date = component["DTEND"].dt
        return end
    return begins + component["DURATION"].dt if "DURATION" in component else begins


def _instant(moment: date, zone: tzinfo) -> datetime | None:
    """A moment on the lab's clock; None for a day."""
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _day(moment: date, zone: tzinfo) -> date:
    """The lab's day of a moment; one without a zone is on the lab's clock."""
    if not isinstance(moment, datetime):
        return moment
    return (moment.astimezone(zone) if moment.tzinfo else moment).date()


def _last(begins: date, ends: date, zone: tzinfo) -> date:
    """The last day; an end is not part of the event."""
    if not isinstance(ends, datetime):
        return ends - timedelta(days=1) if ends > begins else ends
    return _day(ends - timedelta(microseconds=1) if ends > begins else ends, zone)


def _emails(component: Any) -> Iterator[str]:
    for name in ("ATTENDEE", "ORGANIZER"):
        values = component.get(name) or []
        for value in _listed(values):
            address = clean(str(value))
            if address.lower().startswith("mailto:"):
                yield address[7:].strip().lower()


def ready() -> None:
    """Import what reading needs, before many threads do."""
    import recurring_ical_events  # noqa: F401

    from labtool.services import http  # noqa: F401
