"""The state folder's database: SQLite, with a versioned schema.

What is written is on the disk when `write` ends, even if the power fails then: that a
message counts as sent at most once depends on it.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labtool.core.errors import StateError
from labtool.core.files import make_folder, unusable
from labtool.core.lock import hold
from labtool.core.schema import MIGRATIONS

_BUSY_SECONDS = 30

VERSION = len(MIGRATIONS)
# How a transaction, and a part of one, begins, is kept, and is undone.
_WHOLE = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
_PART = ("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part")


class Database:
    """A connection to `labtool.db`. `snapshot` is a copy in memory: it reads what is there
    and forgets what is written."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, snapshot: bool) -> None:
        self._connection = connection
        self.path = path
        self.is_snapshot = snapshot

    @classmethod
    def open(cls, folder: Path) -> "Database":
        """The database of a state folder, made or migrated as needed. Raises StateError."""
        path = make_folder(folder) / "labtool.db"
        with _explained(path):
            connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            database = cls(connection, path, snapshot=False)
            if _version(connection, path) < VERSION:
                # Two first runs at once: SQLite does not wait for a change of journal mode.
                with hold(folder, "database", wait=True):
                    connection.execute("PRAGMA journal_mode = WAL")
                    database.migrate()
        return database

    @classmethod
    def snapshot(cls, folder: Path) -> "Database":
        """A copy in memory of what is there; empty when there is nothing yet. The state
        folder is not touched. Raises StateError when it cannot be read."""
        path = folder / "labtool.db"
        memory = _in_memory()
        with _explained(path):
            if path.exists():
                # Without a write-ahead log nobody is writing, and SQLite need not make one.
                alone = not path.with_name("labtool.db-wal").exists()
                mode = "immutable=1" if alone else "mode=ro"
                source = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
                try:
                    source.backup(memory)
                finally:
                    source.close()
            database = cls(memory, path, snapshot=True)
            if _version(memory, path) < VERSION:
                database.migrate()
        return database

    @classmethod
    def blank(cls) -> "Database":
        """One in memory that knows nothing, for when there is no state folder to use."""
        database = cls(_in_memory(), Path(":memory:"), snapshot=True)
        database.migrate()
        return database

    def migrate(self) -> None:
        """Bring the schema to this version, whole or not at all."""
        with self.write():
            found = int(self.rows("PRAGMA user_version")[0][0])
            for script in MIGRATIONS[found:]:
                for statement in script.split(";"):
                    if statement.strip():
                        self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction: all that is executed inside is kept, or nothing is. Inside another,
        a part of it."""
        inside = self._connection.in_transaction
        begin, keep, undo = _PART if inside else _WHOLE
        with _explained(self.path):
            self._connection.execute(begin)
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute(undo)
                    if inside:
                        self._connection.execute(keep)
                raise
            self._connection.execute(keep)

    def execute(self, sql: str, *values: Any) -> int:
        """Change something; the number of rows changed."""
        with _explained(self.path):
            return self._connection.execute(sql, values).rowcount

    def insert(self, sql: str, *values: Any) -> int:
        """Insert one row; its id."""
        with _explained(self.path):
            return int(self._connection.execute(sql, values).lastrowid or 0)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Ask for rows."""
        with _explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise StateError(
            f"was written by a newer labtool (schema {found}; this one knows {VERSION})",
            where=os.fspath(path),
            fix="upgrade labtool, or set lab.state to another folder",
            code="newer_database",
        )
    return found


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a disk or a file into a StateError."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        what, fix, code = _explain(str(error), path.parent)
        raise StateError(what, where=os.fspath(path), fix=fix, code=code) from error
    except OSError as error:
        raise unusable(path, error) from error


def _explain(text: str, folder: Path) -> tuple[str, str, str]:
    if "full" in text or ("I/O" in text and _is_full(folder)):
        return "the disk is full", "free some space", "disk_full"
    if "readonly" in text or "unable to open" in text:
        return "cannot be opened for writing", "check the folder's owner and mode", "read_only"
    if "not a database" in text or "malformed" in text:
        fix = "move it away (it keeps what was sent; without it today's messages go out again)"
        return f"is damaged ({text})", fix, "damaged"
    if "locked" in text:
        return f"was busy for {_BUSY_SECONDS} s", "look for a labtool process that hangs", "busy"
    return f"cannot be used ({text})", "", "state"


def _is_full(folder: Path) -> bool:
    """Whether there is less room than SQLite needs beside a database."""
    try:
        return shutil.disk_usage(folder).free < 64 * 1024
    except OSError:
        return False


class Marks:
    """Small facts that outlive a run, by name: one space of them for each use."""

    def __init__(self, database: Database, space: str) -> None:
        self._database, self._space = database, space

    def get(self, name: str) -> str | None:
        """The fact's value, if it is known."""
        rows = self._database.rows(
            "SELECT value FROM marks WHERE space = ? AND name = ?", self._space, name
        )
        return str(rows[0]["value"]) if rows else None

    def names(self) -> list[str]:
        """What facts are known."""
        rows = self._database.rows("SELECT name FROM marks WHERE space = ?", self._space)
        return sorted(str(row["name"]) for row in rows)

    def put(self, name: str, value: str, stored: str) -> None:
        """Remember a fact; `stored` (UTC, ISO 8601) is when."""
        self._database.execute(
            "INSERT INTO marks (space, name, value, stored) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (space, name) DO UPDATE SET value = excluded.value,"
            " stored = excluded.stored",
            self._space,
            name,
            value,
            stored,
        )

    def all(self) -> dict[str, str]:
        """Every fact of this space, by name."""
        rows = self._database.rows("SELECT name, value FROM marks WHERE space = ?", self._space)
        return {str(row["name"]): str(row["value"]) for row in rows}

    def forget(self, before: str) -> None:
        """Forget what was stored before then (UTC, ISO 8601)."""
        self._database.execute(
            "DELETE FROM marks WHERE space = ? AND stored < ?", self._space, before
        )

    def remove(self, name: str) -> None:
        """Forget a fact."""
        self._database.execute("DELETE FROM marks WHERE space = ? AND name = ?", self._space, name)
