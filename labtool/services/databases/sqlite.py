"""SQLite, by its backup API: a copy that is consistent while others write
(sqlite.org/backup.html).
"""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.databases import Fingerprint

# Pages at a time; who writes waits no longer than these take.
_PAGES = 4096
_WAIT = 0.05


def copy(source: Path, to: Path, seconds: float = 600.0) -> None:
    """A copy of a database at one moment. Raises Failed and Temporary."""
    end = time.monotonic() + seconds

    def look(_status: int, _left: int, _total: int) -> None:
        if time.monotonic() > end:
            raise TimeoutError

    try:
        with closing(_opened(source)) as one, closing(sqlite3.connect(to)) as other:
            # Who writes starts it anew, unless it is in one go; with a write-ahead log nobody
            # waits for that.
            [(mode,)] = one.execute("PRAGMA journal_mode").fetchall()
            pages = -1 if mode == "wal" else _PAGES
            one.backup(other, pages=pages, progress=look, sleep=_WAIT)
    except TimeoutError:
        what = f"was changed or locked for {seconds:g} s"
        raise Temporary(what, where=str(source), code="database") from None
    except sqlite3.Error as error:
        raise _error(error, source) from error


def fingerprints(path: Path) -> Mapping[str, Fingerprint]:
    """The rows of each of its tables. Raises Failed where it is damaged."""
    try:
        with closing(_opened(path)) as database:
            [(said,)] = database.execute("PRAGMA quick_check(1)").fetchall()
            if said != "ok":
                raise Failed(f"is damaged: {said}", where=str(path), code="damaged")
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            ).fetchall()
            return {name: Fingerprint(_rows(database, name), "") for (name,) in names}
    except sqlite3.Error as error:
        raise _error(error, path) from error


def _opened(path: Path) -> sqlite3.Connection:
    """To read only, so that a name that is none makes no file."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return database


def _rows(database: sqlite3.Connection, table: str) -> int:
    name = table.replace('"', '""')
    [(rows,)] = database.execute(f'SELECT count(*) FROM "{name}"').fetchall()
    return int(rows)


def _error(error: sqlite3.Error, path: Path) -> LabtoolError:
    where = str(path)
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Temporary("is locked by another program", where=where, code="database")
    if code.startswith("SQLITE_CANTOPEN"):
        fix = "check its path, and that this account may read it and its folder"
        return Failed("cannot be opened", where=where, fix=fix, code="no_database")
    if code.startswith("SQLITE_FULL"):
        return Failed("there is no space for its copy", where=where, code="disk_full")
    return Failed(f"is no SQLite database, or damaged ({error})", where=where, code="damaged")
