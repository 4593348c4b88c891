"""`kind: calendar`: ICS feeds, with their recurrences.

Its data:

    {"calendars": [{"name", "fetched_at", "error"}],
     "events": [{"calendar", "title", "location", "start", "end", "begins", "ends"}]}

of the next days, in order. `start` and `end` are days of the lab's zone (ISO dates), both
included; `begins` and `ends` are the instants (ISO 8601, UTC) of what is not for whole days, else
null. A calendar that could not be read keeps the events that it had, with its own `fetched_at`
and `error`.

Series: `events` (events ahead).
"""

import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.config.types import Duration, Words
from labtool.core.errors import LabtoolError
from labtool.services.calendar import events
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._parts import told

if TYPE_CHECKING:
    from labtool.services.calendar import Event


class Options(SourceOptions):
    """Calendars by path or URL, by a name of your choice or as a list."""

    schema_version: ClassVar[int] = 2

    kind: Literal["calendar"]
    calendars: Annotated[dict[str, str] | Words, Field(min_length=1)]
    ahead: Duration = Field(default=timedelta(days=60), description="How far to look")

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.calendar import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Read each calendar. Raises the first error where none could be read."""
        named = self.calendars
        sources = named if isinstance(named, dict) else {source: source for source in named}
        today = question.now.astimezone(question.config.core.lab.timezone).date()
        before, stamps = _known(question.before, today)
        found: list[dict[str, Any]] = []
        calendars: list[dict[str, Any]] = []
        errors: dict[str, LabtoolError] = {}
        end = time.monotonic() + question.seconds
        for number, (name, source) in enumerate(sources.items()):
            left = (end - time.monotonic()) / (len(sources) - number)
            entry = {"name": name, "fetched_at": stamps.get(name), "error": ""}
            try:
                new = self._read(source, today, question, max(left, 0.1))
            except LabtoolError as error:
                errors[name] = error
                entry["error"] = str(error)
                found += [event for event in before if event["calendar"] == name]
            else:
                entry["fetched_at"] = iso(question.now)
                found += [_described(name, event) for event in new]
            calendars.append(entry)
        if len(errors) == len(sources):
            raise next(iter(errors.values()))
        found.sort(key=_order)
        return Answer(
            {"calendars": calendars, "events": found},
            {"events": float(len(found))},
            problems=told("calendars", errors),
        )

    def _read(self, source: str, today: date, question: Question, seconds: float) -> "list[Event]":
        zone, base = question.config.core.lab.timezone, question.config.base
        return events(source, today, today + self.ahead, base, timeout=seconds, zone=zone)


def _described(calendar: str, event: "Event") -> dict[str, Any]:
    return {
        "calendar": calendar,
        "title": event.summary,
        "location": event.location,
        "start": str(event.start),
        "end": str(event.end),
        "begins": iso(event.begins) if event.begins else None,
        "ends": iso(event.ends) if event.ends else None,
    }


def _order(event: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return event["start"], event["begins"] or "", event["end"], event["title"]


def _known(before: Any, today: date) -> tuple[list[dict[str, Any]], dict[str, str | None]]:
    """The events of the last answer that are not over, and when each calendar was read."""
    keys = ("calendar", "title", "location")
    data = shapes.mapping(before)
    events = [
        {
            **{key: shapes.text(one.get(key), 300) or "" for key in keys},
            **{key: shapes.day(one.get(key)) for key in ("start", "end")},
            **{key: shapes.instant(one.get(key)) for key in ("begins", "ends")},
        }
        for one in shapes.objects(data.get("events"))
    ]
    stamps = {
        str(one.get("name")): shapes.instant(one.get("fetched_at"))
        for one in shapes.objects(data.get("calendars"))
    }
    return [e for e in events if e["start"] and e["end"] and e["end"] >= str(today)], stamps
