"""What differs between two backups. Pure."""

from collections.abc import Iterable

from labtool.tasks.backup.manifest import FileRecord


def compare(old: Iterable[FileRecord], new: Iterable[FileRecord]) -> dict[str, list[str]]:
    """The paths that were added, changed (in content, kind, link, owner or mode) and removed."""
    before = {record.path: _what(record) for record in old}
    after = {record.path: _what(record) for record in new}
    return {
        "added": [path for path in after if path not in before],
        "changed": [path for path in after if before.get(path, after[path]) != after[path]],
        "removed": [path for path in before if path not in after],
    }


def _time(record: FileRecord) -> float:
    return record.mtime if record.type == "file" else 0.0


def _what(record: FileRecord) -> tuple[object, ...]:
    """All but the time, which says nothing about what is in it."""
    # What has no hash is compared by its time.
    content = (record.type, record.size, record.sha256 or _time(record), record.link)
    return (*content, record.mode, record.user, record.group)
