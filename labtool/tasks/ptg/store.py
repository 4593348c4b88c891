"""The board on the disk.

Each accepted change is one row of a journal, an SQLite file beside the board's JSON file,
and on the disk before it is answered. The JSON file, which pages and other bots read, is
written anew a moment later, whole or not at all, with a second copy beside it.

    ptg.json             what others read; who edits it is obeyed
    ptg.json.last-good   a copy, used when ptg.json is found damaged
    ptg.json.journal     the changes since, and the last ones before, for ~undo

To open it is to read the JSON file and to make the changes again that came after it was
written: an edit says what a place holds, so that making one twice does no harm.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from labtool.core.errors import Failed, LabtoolError, StateError
from labtool.core.files import unusable, write_atomic
from labtool.core.text import counted
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board, Change, Edit

# So many changes can be taken back.
_KEEP = 100
_LARGEST = 64 * 1024 * 1024
# Somebody may be in the middle of writing a file that changed so many seconds ago.
_QUIET = 3.0
# It holds who subscribed to what.
_MODE = 0o640
_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    label TEXT NOT NULL,
    edits TEXT NOT NULL,
    inverse TEXT NOT NULL,
    undoable INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS exported (id INTEGER NOT NULL);
"""

Told = Callable[[LabtoolError], None]


class Store:
    """A board's files. One process has them open at a time; `told` hears of damage that was
    mended."""

    def __init__(self, path: Path, told: Told) -> None:
        # A link stays one: what it points to is written.
        path = path.resolve()
        self.path = path
        self.good = path.with_name(path.name + ".last-good")
        self.journal = path.with_name(path.name + ".journal")
        self._told = told
        self._seen: tuple[int, int, int] | None = None
        # The exporter is another thread than the one that answers.
        self._turn = threading.RLock()
        self._connection = self._open_journal()

    def load(self) -> dict[str, Any]:
        """The document as it was when the last change was accepted. Raises Failed when
        nothing that can be read is left, and StateError."""
        self._seen = _signature(self.path)
        document = self._read()
        board = Board(document)
        for row in self._rows("SELECT edits FROM changes WHERE id > ? ORDER BY id", self._mark()):
            board.apply(_edits(row[0]))
        return board.data

    def append(self, change: Change) -> None:
        """Keep a change; it is on the disk when this returns. Raises StateError."""
        with self._explained():
            self._connection.execute(
                "INSERT INTO changes (at, by, label, edits, inverse, undoable)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    change.at,
                    change.by,
                    change.label,
                    _packed(change.edits),
                    _packed(change.inverse),
                    change.undoable,
                ),
            )

    def last(self) -> tuple[int, Change] | None:
        """The newest change that can be taken back, with its number."""
        rows = self._rows(
            "SELECT id, at, by, label, edits, inverse FROM changes WHERE undoable"
            " ORDER BY id DESC LIMIT 1"
        )
        if not rows:
            return None
        number, at, by, label, edits, inverse = rows[0]
        return number, Change(label, by, at, _edits(edits), _edits(inverse))

    def undo(self, number: int, change: Change) -> None:
        """Keep the change that takes back change `number`, which cannot be taken back again."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self.append(change)
                self._connection.execute("UPDATE changes SET undoable = 0 WHERE id = ?", (number,))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def newest(self) -> int:
        """The number of the newest change."""
        return int(self._rows("SELECT coalesce(max(id), 0) FROM changes")[0][0])

    def edited_outside(self) -> bool:
        """Whether somebody else wrote the JSON file since we last read or wrote it."""
        return _signature(self.path) != self._seen

    def being_edited(self) -> bool:
        """Whether the JSON file makes no sense yet and was written to a moment ago: an editor
        may not be done with it."""
        try:
            age = time.time() - self.path.stat().st_mtime
            if not 0 <= age < _QUIET:
                return False
            read_document(self.path)
        except OSError:
            return False
        except LabtoolError:
            return True
        return False

    def export(self, content: bytes, upto: int) -> bool:
        """Write the JSON file with all changes up to number `upto`; False, and nothing
        written, where somebody else wrote to it meanwhile. Raises StateError."""
        mode = _mode(self.path)
        # Of the file as we wrote it: an edit right after it must not pass for ours.
        written = write_atomic(self.path, content, mode, unless=self.edited_outside)
        if written is None:
            return False
        self._seen = _signed(written)
        write_atomic(self.good, content, mode)
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM exported")
            self._connection.execute("INSERT INTO exported VALUES (?)", (upto,))
            self._connection.execute(
                "DELETE FROM changes WHERE id <= ? AND id NOT IN"
                " (SELECT id FROM changes WHERE undoable ORDER BY id DESC LIMIT ?)",
                (upto, _KEEP),
            )
            self._connection.execute("COMMIT")
        return True

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def _read(self) -> dict[str, Any]:
        try:
            return read_document(self.path)
        except FileNotFoundError:
            if not self.good.exists():
                return {}
            broken = Failed("is not there any more", where=os.fspath(self.path), code="board_gone")
        except LabtoolError as error:
            broken = Failed(error.what, where=os.fspath(self.path), code="board_damaged")
        return self._last_good(broken)

    def _last_good(self, broken: Failed) -> dict[str, Any]:
        aside = self.path.with_name(f"{self.path.name}.broken-{time.strftime('%Y%m%dT%H%M%S')}")
        try:
            document = read_document(self.good)
        except (FileNotFoundError, LabtoolError):
            fix = f"put a good copy there; or move {self.path.name}* away, to begin anew"
            raise Failed(broken.what, where=broken.where, fix=fix, code=broken.code) from None
        tracks = len(document.get("tracks", ()))
        if not tracks and self.path.exists():
            # Nobody is helped by an empty board in place of one that lacks a comma.
            fix = "mend it; there is no copy of use"
            raise Failed(broken.what, where=broken.where, fix=fix, code=broken.code) from None
        with suppress(OSError):
            self.path.replace(aside)
        kept = f"; mend {aside.name} and copy it back if it had more" if aside.exists() else ""
        copy = f"the last good copy ({counted(tracks, 'track')})"
        fix = f"{copy} and the journal are used instead{kept}"
        with suppress(StateError):
            written = write_atomic(self.path, self.good.read_bytes(), _mode(self.good))
            self._seen = written and _signed(written)
        self._told(Failed(broken.what, where=broken.where, fix=fix, code=broken.code))
        return document

    def _mark(self) -> int:
        rows = self._rows("SELECT id FROM exported")
        return int(rows[0][0]) if rows else 0

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._explained():
            return self._connection.execute(sql, values).fetchall()

    def _open_journal(self) -> sqlite3.Connection:
        try:
            return _connect(self.journal)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._unusable(error) from error
        aside = f"{self.journal.name}.broken-{time.strftime('%Y%m%dT%H%M%S')}"
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                old = self.journal.with_name(self.journal.name + ending)
                old.replace(self.journal.with_name(aside + ending))
        fix = f"the board goes on from {self.path.name}; the broken file is kept as {aside}"
        where = os.fspath(self.journal)
        self._told(Failed("is damaged", where=where, fix=fix, code="journal_damaged"))
        try:
            return _connect(self.journal)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """The connection's turn; what SQLite raises, in our words."""
        with self._turn:
            try:
                yield
            except sqlite3.DatabaseError as error:
                if self._connection.in_transaction:
                    with suppress(sqlite3.DatabaseError):
                        self._connection.execute("ROLLBACK")
                raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.DatabaseError) -> StateError:
        what = "the disk is full" if "full" in str(error) else f"cannot be written to ({error})"
        fix = "free some space" if "full" in str(error) else "check the folder's owner and mode"
        return StateError(what, where=os.fspath(self.journal), fix=fix, code="journal")


def _connect(path: Path) -> sqlite3.Connection:
    with suppress(OSError):  # SQLite says what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def read_document(path: Path) -> dict[str, Any]:
    """A board's own file. Raises FileNotFoundError, Failed and StateError."""
    try:
        if path.stat().st_size > _LARGEST:
            raise Failed("is too large to be a board", where=os.fspath(path), code="board_size")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unusable(path, error) from error
    return shape.parse(raw, os.fspath(path), own=True)


def _mode(path: Path) -> int:
    """The mode of a file that is to be written again: as its owner wants it."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return _MODE


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        return _signed(path.stat())
    except OSError:
        return None


def _signed(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _packed(edits: tuple[Edit, ...]) -> str:
    rows = [[list(e.path), e.value] if e.there else [list(e.path)] for e in edits]
    return json.dumps(rows, allow_nan=False)


def _edits(text: str) -> tuple[Edit, ...]:
    found = json.loads(text)
    return tuple(
        Edit(tuple(path), value[0], there=True) if value else Edit.remove(*path)
        for path, *value in found
    )
