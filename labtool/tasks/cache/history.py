"""The numbers worth plotting, over time: all of them for a week, then one an hour, after two
months one a day, until they are too old.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from labtool.core.database import Database
from labtool.core.text import one_line

_LONGEST = 200
# Older than this: one number in so many seconds stays.
_THINNED = ((timedelta(days=60), 86400), (timedelta(days=7), 3600))


class History:
    """The numbers in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, numbers: Mapping[str, float], now: datetime) -> None:
        """What a source answered now."""
        for series, value in numbers.items():
            if math.isfinite(value):
                self._database.execute(
                    "INSERT OR REPLACE INTO history (source, series, at, value)"
                    " VALUES (?, ?, ?, ?)",
                    source,
                    # A vendor's names are in it, whatever they hold.
                    one_line(series, _LONGEST).encode("utf-8", "replace").decode(),
                    int(now.timestamp()),
                    value,
                )

    def series(self, source: str) -> dict[str, list[tuple[int, float]]]:
        """Each series of a source: Unix seconds and numbers, oldest first."""
        found: dict[str, list[tuple[int, float]]] = {}
        for row in self._database.rows(
            "SELECT series, at, value FROM history WHERE source = ? ORDER BY series, at", source
        ):
            found.setdefault(row["series"], []).append((row["at"], row["value"]))
        return found

    def latest(self, source: str) -> dict[str, float]:
        """The newest number of each series of a source."""
        # SQLite gives the value of the row that has the maximum.
        rows = self._database.rows(
            "SELECT series, max(at), value FROM history WHERE source = ? GROUP BY series", source
        )
        return {row["series"]: row["value"] for row in rows}

    def means(
        self, source: str, series: Sequence[str], since: int, step: int
    ) -> dict[str, list[tuple[int, float]]]:
        """The means of some series over each `step` (seconds) from an instant (Unix seconds)
        on, each at the step's first number."""
        found: dict[str, list[tuple[int, float]]] = {}
        for name in series:
            rows = self._database.rows(
                "SELECT min(at) AS at, avg(value) AS value FROM history"
                " WHERE source = ? AND series = ? AND at >= ? GROUP BY at / ? ORDER BY at",
                source,
                name,
                since,
                step,
            )
            found[name] = [(row["at"], row["value"]) for row in rows]
        return found

    def thin(self, source: str, keep: timedelta, now: datetime) -> None:
        """Leave out what is too old, and of what is old all but the first of each while."""
        seconds = int(now.timestamp())
        self._database.execute(
            "DELETE FROM history WHERE source = ? AND at < ?",
            source,
            seconds - int(keep.total_seconds()),
        )
        for age, step in _THINNED:
            self._database.execute(
                "DELETE FROM history WHERE source = ?1 AND at < ?2 AND (series, at) NOT IN"
                " (SELECT series, min(at) FROM history WHERE source = ?1 AND at < ?2"
                " GROUP BY series, at / ?3)",
                source,
                seconds - int(age.total_seconds()),
                step,
            )
