"""The state's database: whether it is sound, and not too large."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from labtool.core.probe import Finding, Patient

_LARGE = 1_000_000_000
_MB = 1_000_000


def probe(patient: Patient) -> Iterable[Finding]:
    """SQLite's own quick check of it."""
    path = patient.config.state / "labtool.db"
    if not path.exists():
        return
    size = sum(_size(path.with_name(path.name + end)) for end in ("", "-wal"))
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            said = str(found.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        fix = "stop the services, keep a copy of it, and bring it back from a backup"
        yield Finding("bad", "database", f"{path} is damaged: {said}", fix)
    elif size > _LARGE:

        def mend() -> str:
            with closing(sqlite3.connect(path, timeout=30)) as found:
                found.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                found.execute("VACUUM")
            return f"{path} has {_size(path) // _MB} MB now"

        what = f"{path} has {size // _MB} MB, and can be packed"
        yield Finding("warn", "database", what, mend=mend)
    else:
        yield Finding("ok", "database", f"sound, {size / _MB:.1f} MB")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
