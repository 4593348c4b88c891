"""The numbers worth plotting, over time: all of them for a week, then one an hour, after two
months one a day, until they are too old.
"""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from labtool.core.database import Database
from labtool.core.text import one_line

_LONGEST = 200
# Seconds that two clocks may differ.
_AHEAD = 3600
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

    def sources(self) -> list[str]:
        """Those that have numbers."""
        rows = self._database.rows("SELECT DISTINCT source FROM history ORDER BY source")
        return [str(row["source"]) for row in rows]

    def forget(self, source: str) -> None:
        """Forget all numbers of a source."""
        self._database.execute("DELETE FROM history WHERE source = ?", source)

    def latest(self, source: str, now: datetime) -> dict[str, float]:
        """The newest number of each series of a source; what is of the future was noted by a
        clock that was wrong."""
        # SQLite gives the value of the row that has the maximum.
        rows = self._database.rows(
            "SELECT series, max(at), value FROM history WHERE source = ? AND at <= ?"
            " GROUP BY series",
            source,
            int(now.timestamp()),
        )
        return {row["series"]: row["value"] for row in rows}

    def means(
        self, source: str, series: Sequence[str], since: int, until: int, step: int
    ) -> dict[str, list[tuple[int, float]]]:
        """The means of some series over each `step` (seconds) from an instant (Unix seconds)
        to another, each at the step's first number."""
        found: dict[str, list[tuple[int, float]]] = {}
        for name in series:
            rows = self._database.rows(
                "SELECT min(at) AS at, avg(value) AS value FROM history"
                " WHERE source = ? AND series = ? AND at BETWEEN ? AND ?"
                " GROUP BY at / ? ORDER BY at",
                source,
                name,
                since,
                until,
                step,
            )
            found[name] = [(row["at"], row["value"]) for row in rows]
        return found

    def thin(self, source: str, keep: timedelta, now: datetime) -> None:
        """Leave out what is too old, and of what is old all but the first of each while; and
        what is of the future, whichever clock one believes."""
        seconds = int(now.timestamp())
        self._database.execute(
            "DELETE FROM history WHERE source = ? AND at > ?",
            source,
            max(seconds, int(time.time())) + _AHEAD,
        )
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
