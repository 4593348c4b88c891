"""SQLite databases of a set: each as a copy that its own backup API makes beside the state, and
that goes once it is in the archive.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from labtool.core.errors import Failed
from labtool.services.databases import sqlite
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.manifest import Dump
from labtool.tasks.backup.sources.walk import Found

# What belongs to a database in use; sqlite.org/tempfiles.html
BESIDE = ("-wal", "-shm", "-journal")


class Sqlite:
    """Files of SQLite; `scratch` is a folder for the copies. Raises Failed where one is not
    there."""

    def __init__(self, paths: Sequence[Path], scratch: Path) -> None:
        for path in paths:
            if not path.is_file():
                fix = "mount its disk, or correct sqlite:"
                raise Failed("is not there", where=str(path), fix=fix, code="no_source")
        self._paths, self._scratch = paths, scratch

    def add(self, archive: Archive) -> None:
        """As every source's."""
        for path in self._paths:
            with tempfile.TemporaryDirectory(prefix="sqlite-", dir=self._scratch) as folder:
                copy = Path(folder) / "copy"
                sqlite.copy(path, copy)
                tables = sqlite.fingerprints(copy)
                status = path.stat()
                shutil.copystat(path, copy)
                with suppress(PermissionError):
                    os.chown(copy, status.st_uid, status.st_gid)
                name = os.fspath(path.absolute()).lstrip("/")
                archive.add_all([Found(os.fspath(copy), name, copy.lstat())])
            held = {table: (found.rows, found.sum) for table, found in tables.items()}
            engine = f"SQLite {sqlite3.sqlite_version}"
            archive.dumps.append(Dump(name, "sqlite", path.name, engine, held))
