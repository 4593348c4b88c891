"""Times in which no job of a type starts."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from labtool.core.database import Database
from labtool.tasks.jobs.entry import Asker, read_asker


@dataclass(frozen=True, slots=True)
class Suppression:
    """While it lasts, no job of a type starts."""

    id: int
    type: str
    begins: float
    ends: float
    asker: Asker


class Suppressions:
    """Those in a database, which its queue keeps to; `now` is the machine's clock."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database, self._now = database, now

    def add(self, job_type: str, begins: float, ends: float, asker: Asker) -> None:
        """Let no job of a type start between two instants."""
        self._database.execute(
            "INSERT INTO job_suppressions (type, begins, ends, asker) VALUES (?, ?, ?, ?)",
            job_type,
            begins,
            ends,
            json.dumps(asdict(asker)),
        )

    def remove(self, job_type: str) -> int:
        """Take the suppressions of a type away; how many there were."""
        return self._database.execute("DELETE FROM job_suppressions WHERE type = ?", job_type)

    def all(self) -> list[Suppression]:
        """Those that are not over."""
        rows = self._database.rows(
            "SELECT * FROM job_suppressions WHERE ends > ? ORDER BY begins", self._now()
        )
        return [
            Suppression(r["id"], r["type"], r["begins"], r["ends"], read_asker(r["asker"]))
            for r in rows
        ]

    def tidy(self) -> None:
        """Forget those that are over."""
        self._database.execute("DELETE FROM job_suppressions WHERE ends < ?", self._now())
