"""`kind: analytics`: who visits the lab's pages."""

from typing import Any

from labtool.core import shapes
from labtool.core.cells import Cell, moment, number, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items, part, points

TITLE = "Analytics"
_PLOTS = {"users": "Users a day", "sessions": "Sessions a day", "views": "Views a day"}


def view(data: Any, *, public: bool) -> View:
    """A line a property, and its days."""
    properties = items(part(data, "properties"))
    rows = [_row(one, public=public) for one in properties]
    columns = ("Property", "Users", "Sessions", "Views", "Engagement a user", "Rate", "As of")
    return View(
        tables=[table("All days", columns, rows)],
        lines=[
            Lines(
                title,
                "",
                "month",
                {
                    str(one.get("name")): points(items(one.get("days")), "day", key)
                    for one in properties
                },
            )
            for key, title in _PLOTS.items()
        ],
        metrics={
            "users": Metric("Users, all days"),
            "sessions": Metric("Sessions, all days"),
            "views": Metric("Views, all days"),
            "engagement": Metric("Engagement a user", "s"),
        },
    )


def _row(one: dict[str, Any], *, public: bool) -> list[Cell]:
    totals = part(one, "totals")
    users, seconds, rate = (
        shapes.real(part(totals, key)) for key in ("users", "engagement_seconds", "engagement_rate")
    )
    late = one.get("error") and not public
    return [
        word(one.get("name")),
        *(number(_whole(part(totals, key))) for key in ("users", "sessions", "views")),
        number(seconds / users if users and seconds is not None else None, "s"),
        number(None if rate is None else rate * 100, "%"),
        word(one["error"]) if late else moment(one.get("fetched_at") or "never"),
    ]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
