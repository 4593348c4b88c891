"""What is remembered of each source in the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database, Marks


@dataclass(frozen=True, slots=True)
class Remembered:
    """Of one source: its kind then, when it was asked last (None: never), how often it failed
    since it answered and why the last time, and what it wants to know the next time (`of`)."""

    kind: str = ""
    tried: datetime | None = None
    failures: int = 0
    error: str = ""
    of: Mapping[str, Any] = field(default_factory=dict)


class Memory:
    """The sources that were ever asked."""

    def __init__(self, database: Database) -> None:
        self._marks = Marks(database, "cache")

    def names(self) -> list[str]:
        """Which."""
        return self._marks.names()

    def get(self, name: str) -> Remembered:
        """What is known of one; of a kind that it no longer has as well."""
        try:
            found = json.loads(self._marks.get(name) or "{}")
            return Remembered(
                str(found.get("kind", "")),
                from_iso(found["tried"]) if "tried" in found else None,
                int(found.get("failures", 0)),
                str(found.get("error", "")),
                dict(found.get("memory", {})),
            )
        except (ValueError, TypeError, AttributeError):
            return Remembered()

    def put(self, name: str, of: Remembered, now: datetime) -> None:
        """Remember it."""
        value = {
            "kind": of.kind,
            "tried": iso(of.tried or now),
            "failures": of.failures,
            "error": of.error,
            "memory": dict(of.of),
        }
        self._marks.put(name, json.dumps(value), iso(now))

    def forget(self, name: str) -> None:
        """Forget it."""
        self._marks.remove(name)
