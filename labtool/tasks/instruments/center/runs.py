"""The outermost procedures of instruments, from their changes: how long each took."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database
from labtool.tasks.instruments.center.models import Change, kept_state


@dataclass(frozen=True, slots=True)
class Going:
    """The outermost procedure that runs, and when it was at each step for the first time."""

    name: str
    started: str
    steps: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A procedure that has ended: seconds, and after how many of them it was at each step for
    the first time."""

    name: str
    user: str
    started: datetime
    seconds: float
    outcome: str
    steps: Mapping[int, float]


class Runs:
    """The procedures in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def follow(self, key: str, change: Change) -> None:
        """Keep what a change, which is not kept yet, says of the outermost procedure: its
        beginning, its steps, its end."""
        rows = self._database.rows(
            "SELECT * FROM instrument_runs WHERE instrument = ? AND ended IS NULL", key
        )
        here = change.state.procedures[0] if change.state.procedures else None
        going = rows[0] if rows else None
        same = (
            here
            and going
            and here.name == going["procedure"]
            and here.started in ("", going["started"])
        )
        if going and not same:
            ended = change.event == f"ended {going['procedure']}"
            outcome = (change.outcome if ended else "") or "unknown"
            self._database.execute(
                "UPDATE instrument_runs SET ended = ?, outcome = ? WHERE id = ?",
                # Of one that was lost nothing is known after its last row.
                self._last_row(key, change) if outcome == "lost" else change.time,
                outcome,
                going["id"],
            )
            going = None
        if here and not going:
            self._database.execute(
                "INSERT INTO instrument_runs (instrument, procedure, user, started, steps)"
                " VALUES (?, ?, ?, ?, '{}')",
                key,
                here.name,
                change.state.user,
                here.started or change.time,
            )
        elif here and going and here.step is not None:
            steps = json.loads(going["steps"])
            if str(here.step) not in steps:
                steps[str(here.step)] = here.step_at or change.time
                self._database.execute(
                    "UPDATE instrument_runs SET steps = ? WHERE id = ?",
                    json.dumps(steps),
                    going["id"],
                )

    def going(self, key: str) -> Going | None:
        """What runs now, as far as the changes tell."""
        rows = self._database.rows(
            "SELECT * FROM instrument_runs WHERE instrument = ? AND ended IS NULL", key
        )
        if not rows:
            return None
        steps = {int(number): at for number, at in json.loads(rows[0]["steps"]).items()}
        return Going(rows[0]["procedure"], rows[0]["started"], steps)

    def finished(self, key: str, name: str = "", since: datetime | None = None) -> list[Finished]:
        """The procedures that have ended, oldest first: those of a name, the newest 200; or all
        that ended after an instant. One that ended before it began (a clock was set) says
        nothing."""
        rows = self._database.rows(
            "SELECT * FROM (SELECT * FROM instrument_runs WHERE instrument = ? AND ended IS NOT"
            " NULL AND ended > started AND (? = '' OR procedure = ?) AND ended >= ?"
            " ORDER BY id DESC LIMIT ?)"
            " ORDER BY id",
            key,
            name,
            name,
            iso(since) if since else "",
            200 if name else 10_000,
        )
        return [_finished(row) for row in rows]

    def _last_row(self, key: str, change: Change) -> str:
        """The time of the last row before a change: of what was told, or was said since."""
        rows = self._database.rows(
            "SELECT state FROM (SELECT state FROM instrument_changes WHERE instrument = ?1"
            " ORDER BY id DESC LIMIT 1) UNION ALL SELECT state FROM instruments WHERE name = ?1",
            key,
        )
        times = [kept_state(row["state"]).last_row for row in rows]
        return max((at for at in times if at and at <= change.time), default=change.time)


def _finished(row: Row) -> Finished:
    began = from_iso(row["started"])
    steps: dict[str, str] = json.loads(row["steps"])
    return Finished(
        row["procedure"],
        row["user"],
        began,
        max(0.0, (from_iso(row["ended"]) - began).total_seconds()),
        row["outcome"],
        {int(n): max(0.0, (from_iso(at) - began).total_seconds()) for n, at in steps.items()},
    )
