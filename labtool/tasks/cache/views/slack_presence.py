"""`kind: slack-presence`: who is at their desk."""

from typing import Any

from labtool.core.cells import moment, number, table, word
from labtool.tasks.cache.views._parts import Metric, View, items, part

TITLE = "Presence"
_WORDS = {True: "active", False: "away"}


def view(data: Any, *, public: bool) -> View:
    """Everybody, who is active first. Never public: it names people."""
    members = [] if public else items(part(data, "members"))
    here = [m for m in members if m.get("active") is True]
    rows = [
        [
            word(m.get("name")),
            word(_WORDS[m["active"]] if isinstance(m.get("active"), bool) else None),
            moment(m["last_seen"]) if m.get("last_seen") else word("not seen yet"),
        ]
        for m in sorted(members, key=lambda m: m.get("active") is not True)
    ]
    return View(
        facts=[("Active", number(len(here))), ("Members", number(len(members)))],
        tables=[table("Members", ("Name", "Now", "Last seen"), rows, 500)],
        metrics={"active": Metric("Active members"), "members": Metric("Members")},
    )
