"""`kind: calendar`: what is coming."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from labtool.core import shapes
from labtool.core.cells import Cell, Table, moment, number, table, word
from labtool.core.clock import from_iso
from labtool.tasks.cache.views._parts import Metric, View, items, part

TITLE = "Calendar"


def view(data: Any, *, public: bool) -> View:
    """The events of the next days, and calendars that could not be read."""
    events = items(part(data, "events"))
    rows = [
        [
            _begin(event),
            _end(event),
            word(event.get("title")),
            _place(event),
            word(event.get("calendar")),
        ]
        for event in events
    ]
    late = [one for one in items(part(data, "calendars")) if one.get("error")]
    old = [
        [
            word(one.get("name")),
            moment(one["fetched_at"]) if one.get("fetched_at") else word("never"),
            *([] if public else [word(one["error"])]),
        ]
        for one in late
    ]
    columns = ("Calendar", "As of") if public else ("Calendar", "As of", "Why")
    return View(
        facts=[("Events ahead", number(len(events)))],
        tables=[
            *([table("Not fresh", columns, old)] if old else []),
            table("Events", ("From", "To", "What", "Where", "Calendar"), rows),
        ],
        metrics={"events": Metric("Events ahead")},
    )


def today(data: Any, day: date, zone: ZoneInfo) -> Table:
    """What is on a day of the lab's."""
    found = [
        event
        for event in items(part(data, "events"))
        if (shapes.day(event.get("start")) or "9")
        <= str(day)
        <= (shapes.day(event.get("end")) or "")
    ]
    rows = [[Cell(_hours(event, day, zone)), word(event.get("title")), _place(event)]
            for event in found]  # fmt: skip
    return table("On the calendar today", ("When", "What", "Where"), rows, empty="Nothing.")


def _begin(event: Mapping[str, Any]) -> Cell:
    begins = shapes.instant(event.get("begins"))
    return moment(begins) if begins else word(event.get("start"))


def _end(event: Mapping[str, Any]) -> Cell:
    ends = shapes.instant(event.get("ends"))
    if ends:
        return moment(ends)
    return word("the same day" if event.get("end") == event.get("start") else event.get("end"))


def _place(event: Mapping[str, Any]) -> Cell:
    return word(event["location"]) if event.get("location") else Cell("")


def _hours(event: Mapping[str, Any], day: date, zone: ZoneInfo) -> str:
    """From when to when on a day, on the lab's clock."""
    instants = [shapes.instant(event.get(key)) for key in ("begins", "ends")]
    begins, ends = (from_iso(at).astimezone(zone) if at else None for at in instants)
    if begins is None:
        return "all day"
    before, after = begins.date() < day, ends is not None and ends.date() > day
    if before:
        return "all day" if after or ends is None else f"until {ends:%H:%M}"
    if after or ends is None or ends == begins:
        return f"from {begins:%H:%M}" if after else f"{begins:%H:%M}"
    return f"{begins:%H:%M} to {ends:%H:%M}"
