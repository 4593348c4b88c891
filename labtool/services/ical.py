"""Calendars for others to read: iCalendar files (RFC 5545)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar
from icalendar import Event as _Event

from labtool.core.text import one_line

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Appointment:
    """One entry. `key` makes its UID: the same entry must always have the same one. Times
    are UTC; `changed` is when it was last changed."""

    key: str
    title: str
    start: datetime
    end: datetime
    place: str = ""
    url: str = ""
    text: str = ""


def calendar(name: str, entries: Iterable[Appointment], changed: datetime) -> bytes:
    """An iCalendar file. The same entries make the same bytes."""
    made = Calendar()
    made.add("prodid", "-//labtool//event board//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", one_line(name))
    for entry in entries:
        event = _Event()
        event.add("uid", f"{hashlib.sha256(entry.key.encode()).hexdigest()[:32]}@labtool")
        event.add("dtstamp", changed.astimezone(UTC))
        event.add("dtstart", entry.start.astimezone(UTC))
        event.add("dtend", entry.end.astimezone(UTC))
        event.add("summary", one_line(entry.title))
        for key, value in (
            ("location", entry.place),
            ("url", entry.url),
            ("description", entry.text),
        ):
            if value:
                event.add(key, one_line(value, _LONGEST))
        made.add_component(event)
    return bytes(made.to_ical())
