"""Answers of a server with their ETags, kept between runs: what has not changed is not sent
again (RFC 9110, 13.1.2), and costs no rate where the server counts only what it sends.
"""

import sqlite3
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labtool.core.files import make_folder

# Not asked for in so many runs that left something: the thing is gone.
_FORGET = 50
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    url TEXT PRIMARY KEY, etag TEXT NOT NULL, links TEXT NOT NULL, body BLOB NOT NULL,
    used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (number INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer as it was: its ETag, its `Link` header, its body."""

    etag: str
    links: str
    body: bytes


class Etags:
    """A file of answers by URL, for many threads. It only saves work: where it cannot be
    read or written, everything is asked for."""

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        self._path = path
        self._run = 0
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except sqlite3.DatabaseError:
            with suppress(OSError):
                path.unlink()
            with suppress(sqlite3.DatabaseError):
                self._open()

    def get(self, url: str) -> Known | None:
        """What the server answered last."""
        with self._turn, suppress(sqlite3.DatabaseError, zlib.error):
            if self._connection is None:
                return None
            row = self._connection.execute(
                "SELECT etag, links, body FROM answers WHERE url = ?", (url,)
            ).fetchone()
            return Known(row[0], row[1], zlib.decompress(row[2])) if row else None
        return None

    def put(self, url: str, known: Known) -> None:
        """Keep an answer; as well one that is the same."""
        with self._turn, suppress(sqlite3.DatabaseError):
            if self._connection is not None:
                self._connection.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                    (url, known.etag, known.links, zlib.compress(known.body, 1), self._run),
                )

    def close(self) -> None:
        """Keep what was put, and forget what nobody asks for any more."""
        with self._turn, suppress(sqlite3.DatabaseError):
            if self._connection is not None:
                self._connection.execute(
                    "DELETE FROM answers WHERE used < ?", (self._run - _FORGET,)
                )
                self._connection.commit()
                self._connection.close()
            self._connection = None

    def _open(self) -> None:
        make_folder(self._path.parent)
        self._path.touch(0o600)
        connection = sqlite3.connect(self._path, timeout=5, check_same_thread=False)
        connection.executescript(_SCHEMA)
        found = connection.execute("SELECT max(number) FROM runs").fetchone()[0] or 0
        self._run = int(found) + 1
        connection.execute("DELETE FROM runs")
        connection.execute("INSERT INTO runs VALUES (?)", (self._run,))
        self._connection = connection
