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
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.state import Transition
from labtool.tasks.instruments.watch.place import Place

_BUSY = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (
    name TEXT PRIMARY KEY, turn INTEGER NOT NULL, place TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS spool (seq INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits for the server, with its number: 1, 2, 3 and so on in an epoch."""

    seq: int
    change: dict[str, Any]


def _named(name: str) -> str:
    """A file's name, whatever bytes are in it, as text that a database takes."""
    return name.encode("utf-8", "backslashreplace").decode()


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

    def places(self) -> dict[str, Place]:
        """Where we are in each log, the one that was read last at the end."""
        with self._explained():
            rows = self._connection.execute(
                "SELECT place FROM places ORDER BY turn, rowid"
            ).fetchall()
            found = [Place(**json.loads(row[0])) for row in rows]
            # As it was kept when there was one place alone.
            if not found and (old := self._known("place")):
                found = [Place(**old)]
        return {place.name: place for place in found}

    def machine(self) -> Machine:
        """The state there."""
        with self._explained():
            return Machine.load(self._known("machine") or {"stack": []})

    def counts(self) -> dict[str, Any]:
        """What `advance` was given last."""
        with self._explained():
            return dict(self._known("counts") or {})

    def mark(self, places: Sequence[Place], gone: Sequence[str]) -> None:
        """Nothing is to be read there so far; what is `gone` has another name."""
        with self._explained(), self._together():
            self._connection.executemany(
                "DELETE FROM places WHERE name = ?", ((_named(name),) for name in gone)
            )
            self._connection.executemany(
                "INSERT INTO places VALUES (?, 0, ?)"
                " ON CONFLICT (name) DO UPDATE SET turn = 0, place = excluded.place",
                ((_named(place.name), json.dumps(asdict(place))) for place in places),
            )

    def advance(
        self,
        place: Place,
        machine: Machine,
        changes: Sequence[Transition],
        counts: dict[str, Any] | None = None,
    ) -> None:
        """Be at another place, with what happened on the way. Raises StateError."""
        with self._explained(), self._together():
            self._connection.execute(
                "INSERT INTO places VALUES (?, (SELECT coalesce(max(turn), 0) + 1 FROM places), ?)"
                " ON CONFLICT (name) DO UPDATE SET turn = excluded.turn, place = excluded.place",
                (_named(place.name), json.dumps(asdict(place))),
            )
            self._keep("machine", machine.dump())
            self._keep("counts", counts or {})
            self._connection.executemany(
                "INSERT INTO spool (change) VALUES (?)",
                ((json.dumps(change.as_json()),) for change in changes),
            )

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

    def renew(self) -> None:
        """Count in another epoch: the server knows other changes by these numbers."""
        with self._explained():
            self._keep("epoch", secrets.token_hex(8))

    def confirmed(self, seq: int) -> None:
        """The server has all up to this one, or never will."""
        with self._explained():
            self._connection.execute("DELETE FROM spool WHERE seq <= ?", (seq,))

    def beat(self) -> tuple[int, int]:
        """The number of one more sign of life, and of the newest change."""
        with self._explained(), self._together():
            count = int(self._known("beats") or 0) + 1
            self._keep("beats", count)
            rows = self._connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'spool'"
            ).fetchall()
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
    def _together(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError, ValueError, LookupError) as error:
            raise self._damaged(error) from error
        except (TypeError, AttributeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> StateError:
        full = "full" in str(error)
        what = "the disk is full" if full else f"cannot be used ({error})"
        fix = "free some space" if full else "move it away: the logs are read anew then"
        return StateError(what, where=os.fspath(self.path), fix=fix, code="watch_state")
