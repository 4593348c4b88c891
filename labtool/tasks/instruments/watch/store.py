"""What the watch knows between runs, in `STATE/instruments/NAME.db`: its place in the logs,
the state, and the changes that wait for the server. They change together or not at all, so
that no row is counted twice or lost, whatever is killed.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labtool.core.errors import StateError
from labtool.core.files import make_folder
from labtool.tasks.instruments.machine import Machine, Transition
from labtool.tasks.instruments.watch.place import Place

_BUSY = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool (seq INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits for the server, with its number: 1, 2, 3 and so on in an epoch."""

    seq: int
    change: dict[str, Any]


class Store:
    """One instrument's file; a connection of one thread."""

    def __init__(self, state: Path, name: str) -> None:
        self.path = make_folder(state / "instruments") / f"{name}.db"
        with self._explained():
            self._connection = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
            self._connection.execute(
                "INSERT INTO known VALUES ('epoch', ?) ON CONFLICT (name) DO NOTHING",
                (json.dumps(secrets.token_hex(8)),),
            )

    @property
    def epoch(self) -> str:
        """The name of this file's count of changes: another one where it was lost."""
        return str(self._known("epoch"))

    def load(self) -> tuple[Place | None, Machine]:
        """Where we are, and the state there."""
        place, machine = self._known("place"), self._known("machine")
        try:
            return (Place(**place) if place else None, Machine.load(machine or {"stack": []}))
        except (TypeError, AttributeError, KeyError) as error:
            raise self._damaged(error) from error

    def advance(self, place: Place, machine: Machine, changes: Sequence[Transition]) -> None:
        """Be at another place, with what happened on the way. Raises StateError."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._keep("place", asdict(place))
                self._keep("machine", machine.dump())
                self._connection.executemany(
                    "INSERT INTO spool (change) VALUES (?)",
                    ((json.dumps(change._asdict()),) for change in changes),
                )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def waiting(self, most: int) -> list[Waiting]:
        """The oldest changes that the server has not confirmed."""
        with self._explained():
            rows = self._connection.execute(
                "SELECT seq, change FROM spool ORDER BY seq LIMIT ?", (most,)
            ).fetchall()
        return [Waiting(int(seq), json.loads(change)) for seq, change in rows]

    def count(self) -> int:
        """How many changes wait."""
        with self._explained():
            rows = self._connection.execute("SELECT count(*) FROM spool").fetchall()
        return int(rows[0][0])

    def confirmed(self, seq: int) -> None:
        """The server has all up to this one."""
        with self._explained():
            self._connection.execute("DELETE FROM spool WHERE seq <= ?", (seq,))

    def beat(self) -> tuple[int, int]:
        """The number of one more sign of life, and of the newest change."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                count = int(self._known("beats") or 0) + 1
                self._keep("beats", count)
                rows = self._connection.execute(
                    "SELECT seq FROM sqlite_sequence WHERE name = 'spool'"
                ).fetchall()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        return count, int(rows[0][0]) if rows else 0

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _known(self, name: str) -> Any:
        with self._explained():
            rows = self._connection.execute(
                "SELECT value FROM known WHERE name = ?", (name,)
            ).fetchall()
        return json.loads(rows[0][0]) if rows else None

    def _keep(self, name: str, value: Any) -> None:
        self._connection.execute(
            "INSERT INTO known VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError, ValueError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> StateError:
        full = "full" in str(error)
        what = "the disk is full" if full else f"cannot be used ({error})"
        fix = "free some space" if full else "move it away: the logs are read anew then"
        return StateError(what, where=os.fspath(self.path), fix=fix, code="watch_state")
