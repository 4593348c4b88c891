"""A listing of files that is kept from run to run, so that only changes are asked for: one
file beside the cache file, written whole with the cursor that it belongs to.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from labtool.core.files import write_atomic

_KINDS = ("added", "changed", "deleted")


class Change(Protocol):
    """What a listing says of a path: a file has a `size` (bytes), a folder none."""

    @property
    def path(self) -> str:
        """The path that it is known by."""

    @property
    def shown(self) -> str:
        """The path as it is written."""

    @property
    def size(self) -> int | None:
        """Bytes; None for a folder."""

    @property
    def modified(self) -> Any:
        """When, as a datetime; None for a folder."""

    @property
    def gone(self) -> bool:
        """Whether nothing is there any more."""


@dataclass(slots=True)
class Listing:
    """The files of a place (`root`) as they were at `cursor`: path to size, time (ISO 8601) and
    the path as it is written; and how many were added, changed and deleted on each day."""

    root: str
    cursor: str = ""
    files: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, root: str) -> "Listing":
        """What is kept of this place; a new one where there is nothing that can be read."""
        try:
            found = json.loads(gzip.decompress(path.read_bytes()))
            files = {
                name: (int(size), str(at), str(shown))
                for name, (size, at, shown) in found["files"].items()
            }
            kept = cls(found["root"], found["cursor"], files, found["days"])
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return cls(root)
        return kept if kept.root == root else cls(root)

    def store(self, path: Path) -> None:
        """Keep it. Raises StateError."""
        text = json.dumps(
            {"root": self.root, "cursor": self.cursor, "files": self.files, "days": self.days}
        )
        write_atomic(path, gzip.compress(text.encode("utf-8", "replace"), 1), 0o600)

    def apply(self, changes: Iterable[Change], today: date) -> None:
        """Take in what has changed, and count it for today."""
        for change in changes:
            if change.gone:
                self._remove(change.path, today)
            elif change.size is not None:
                at = change.modified.isoformat() if change.modified else ""
                new = (change.size, at, change.shown)
                old = self.files.get(change.path)
                if old is None or old[:2] != new[:2]:
                    self._count("added" if old is None else "changed", today)
                self.files[change.path] = new

    def replace(self, changes: Iterable[Change], today: date) -> None:
        """Take in a listing of everything: what it does not name is gone. Changes are counted
        unless nothing was known before."""
        first = not self.cursor
        days = {day: dict(counts) for day, counts in self.days.items()}
        named = Listing(self.root)
        named.apply(changes, today)
        old, self.files = self.files, named.files
        for _ in old.keys() - named.files.keys():
            self._count("deleted", today)
        for path, (size, at, _) in named.files.items():
            if path not in old:
                self._count("added", today)
            elif old[path][:2] != (size, at):
                self._count("changed", today)
        if first:
            self.days = days

    def _remove(self, path: str, today: date) -> None:
        if path in self.files:
            gone = [path]
        else:  # a folder that goes takes all that is in it along
            gone = [name for name in self.files if name.startswith(f"{path}/")]
        for name in gone:
            del self.files[name]
            self._count("deleted", today)

    def _count(self, kind: str, today: date) -> None:
        day = self.days.setdefault(str(today), dict.fromkeys(_KINDS, 0))
        day[kind] += 1

    def recent(self, today: date, number: int) -> list[dict[str, Any]]:
        """The counts of the last so many days, oldest first; older ones are forgotten."""
        names = [str(today - timedelta(days=n)) for n in reversed(range(number))]
        self.days = {day: counts for day, counts in self.days.items() if day in names}
        nothing = dict.fromkeys(_KINDS, 0)
        return [{"day": day, **self.days.get(day, nothing)} for day in names]

    def folders(self, depth: int) -> list[dict[str, Any]]:
        """Each folder down to a depth below the root, with all that is in it."""
        found: dict[str, dict[str, Any]] = {}
        base = self.root.casefold()
        start = base.count("/")
        for path, (size, at, shown) in self.files.items():
            parts, names = path.split("/"), shown.split("/")
            # The last part is the file's own.
            for level in range(start + 1, min(start + depth, len(parts) - 2) + 1):
                entry = found.setdefault(
                    "/".join(parts[: level + 1]),
                    {"path": "/".join(names[: level + 1]), "bytes": 0, "files": 0, "latest": None},
                )
                entry["bytes"] += size
                entry["files"] += 1
                entry["latest"] = max(entry["latest"] or "", at) or None
        return sorted(found.values(), key=lambda one: str(one["path"]).casefold())


def total(files: Mapping[str, tuple[int, str, str]]) -> dict[str, Any]:
    """How many files, how many bytes, and the time of the latest."""
    return {
        "files": len(files),
        "bytes": sum(size for size, _, _ in files.values()),
        "latest": max((at for _, at, _ in files.values()), default="") or None,
    }
