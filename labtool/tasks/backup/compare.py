"""What differs between two backups. Pure."""

from collections.abc import Iterable

from labtool.tasks.backup.manifest import FileRecord


def compare(old: Iterable[FileRecord], new: Iterable[FileRecord]) -> dict[str, list[str]]:
    """The paths that were added, changed (in content, kind, link, owner or mode) and removed."""
    changes: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    # A number for each: there may be a million.
    before = {record.path: hash(_what(record)) for record in old}
    for record in new:
        was = before.pop(record.path, None)
        if was is None:
            changes["added"].append(record.path)
        elif was != hash(_what(record)):
            changes["changed"].append(record.path)
    changes["removed"] += before
    return changes


def _time(record: FileRecord) -> float:
    return record.mtime if record.type == "file" else 0.0


def _what(record: FileRecord) -> tuple[object, ...]:
    """All but the time, which says nothing about what is in it."""
    # What has no hash is compared by its time.
    content = (record.type, record.size, record.sha256 or _time(record), record.link)
    return (*content, record.mode, record.user, record.group)
