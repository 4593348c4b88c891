"""`kind: dropbox`: space, folders, what changes."""

from datetime import UTC, datetime
from typing import Any

from labtool.core.cells import moment, number, size, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items, part

TITLE = "Dropbox"
_KINDS = ("added", "changed", "deleted")


def view(data: Any, *, public: bool) -> View:
    """Space, and the folders; what is public names no folder."""
    used, allotted = part(data, "used"), part(data, "allotted")
    latest = part(data, "total", "latest")
    facts = [
        ("Used", size(used)),
        ("Allotted", size(allotted) if allotted else word("no limit told")),
        ("Used of it", number(100 * used / allotted if used and allotted else None, "%")),
        ("Files", number(part(data, "total", "files"))),
        ("Latest change", moment(latest) if latest else word("none")),
    ]
    folders = [] if public else items(data.get("folders"))
    folders.sort(key=lambda one: -(one.get("bytes") or 0))
    rows = [
        [
            word(one.get("path")),
            size(one.get("bytes")),
            number(one.get("files")),
            moment(one["latest"]) if one.get("latest") else word("none"),
        ]
        for one in folders
    ]
    days = items(data.get("days"))
    columns = ("Folder", "Size", "Files", "Latest change")
    return View(
        facts=facts,
        tables=[] if public else [table("Folders", columns, rows)],
        lines=[
            Lines(
                "Files changed a day",
                "",
                "month",
                {kind: [(_noon(day), day.get(kind)) for day in days] for kind in _KINDS},
            )
        ],
        metrics={
            "used": Metric("Space used", "B"),
            "bytes": Metric("Size by folder", "B"),
            "files": Metric("Files"),
            "changes": Metric("Files changed today"),
        },
    )


def _noon(day: dict[str, Any]) -> int:
    text = f"{day.get('day')}T12:00"
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
