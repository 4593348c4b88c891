"""`kind: analytics`: who visits the lab's pages."""

from datetime import UTC, datetime
from typing import Any

from labtool.core.cells import Cell, moment, number, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, Points, View, items, part

TITLE = "Analytics"
_PLOTS = {"users": "Users a day", "sessions": "Sessions a day", "views": "Views a day"}


def view(data: Any, *, public: bool) -> View:
    """A line a property, and its days."""
    properties = items(data.get("properties"))
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
                    str(one.get("name")): [
                        (_noon(day), day.get(key)) for day in items(one.get("days"))
                    ]
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
    users, seconds = part(totals, "users"), part(totals, "engagement_seconds")
    rate = part(totals, "engagement_rate")
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


def _points(one: dict[str, Any], key: str) -> Points:
    return [(_noon(day), day.get(key)) for day in items(one.get("days"))]


def _noon(day: dict[str, Any]) -> int:
    text = f"{day.get('day')}T12:00"
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
