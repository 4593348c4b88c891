"""`kind: dropbox`: space, folders, what changes."""

from typing import Any

from labtool.core import shapes
from labtool.core.cells import moment, number, size, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items, part, points

TITLE = "Dropbox"
_KINDS = ("added", "changed", "deleted")


def view(data: Any, *, public: bool) -> View:
    """Space, and the folders; what is public names no folder."""
    used, allotted = shapes.count(part(data, "used")), shapes.count(part(data, "allotted"))
    latest = part(data, "total", "latest")
    facts = [
        ("Used", size(used)),
        ("Allotted", size(allotted) if allotted else word("no limit told")),
        ("Used of it", number(100 * used / allotted if used and allotted else None, "%")),
        ("Files", number(part(data, "total", "files"))),
        ("Latest change", moment(latest) if latest else word("none")),
    ]
    folders = [] if public else items(part(data, "folders"))
    folders.sort(key=lambda one: -(shapes.real(one.get("bytes")) or 0))
    rows = [
        [
            word(one.get("path")),
            size(one.get("bytes")),
            number(one.get("files")),
            moment(one["latest"]) if one.get("latest") else word("none"),
        ]
        for one in folders
    ]
    days = items(part(data, "days"))
    columns = ("Folder", "Size", "Files", "Latest change")
    return View(
        facts=facts,
        tables=[] if public else [table("Folders", columns, rows)],
        lines=[
            Lines(
                "Files changed a day",
                "",
                "month",
                {kind: points(days, "day", kind) for kind in _KINDS},
            )
        ],
        metrics={
            "used": Metric("Space used", "B"),
            "bytes": Metric("Size by folder", "B"),
            "files": Metric("Files"),
            "changes": Metric("Files changed today"),
        },
    )
