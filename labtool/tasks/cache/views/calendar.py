"""`kind: calendar`: what is coming."""

from typing import Any

from labtool.core.cells import number, table, word
from labtool.tasks.cache.views._parts import Metric, View, items

TITLE = "Calendar"


def view(data: Any, *, public: bool) -> View:
    """The events of the next days."""
    events = items(data.get("events"))
    rows = [
        [
            word(event.get("start")),
            word(event.get("end") if event.get("end") != event.get("start") else "the same day"),
            word(event.get("title")),
            word(event.get("calendar")),
        ]
        for event in events
    ]
    return View(
        facts=[("Events ahead", number(len(events)))],
        tables=[table("Events", ("From", "To", "What", "Calendar"), rows)],
        metrics={"events": Metric("Events ahead")},
    )
