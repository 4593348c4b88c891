"""A dump back into a database, and what it holds then."""

import hashlib
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError
from labtool.services.databases import Fingerprint, Server, sqlite
from labtool.tasks.backup.manifest import CHANGED, Dump, Manifest
from labtool.tasks.backup.section import Backup
from labtool.tasks.backup.servers import server
from labtool.tasks.backup.unpack import Content, Kept, hashed, members

_CHUNK = 1024 * 1024
# How MySQL's fingerprints call what runs by itself.
_EVENTS = "(EVENTS)"


def server_of(config: Config, manifest: Manifest, dump: Dump) -> Server:
    """The server that a dump is restored to. Raises Failed where the config names none."""
    options = config.section("backup", Backup).sets.get(manifest.set)
    found = options and (options.mysql if dump.kind == "mysql" else options.postgresql)
    if not found:
        what = f"the config's set {manifest.set} names no {dump.kind}: to restore it to"
        raise Failed(what, where=manifest.id, fix="write it, or restore --to a folder")
    return server(found, config, to_write=True)


def refill(kept: Kept, dump: Dump, target: Server, database: str, *, force: bool) -> list[str]:
    """Put a dump into a database that is not there or empty; with `force`, instead of what is
    in it, once the same dump has been put beside it as a trial. The whole archive is read and
    checked before anything is changed. What differs from what was dumped. Raises Failed for a
    damaged archive and as the server."""
    empty = target.is_empty(database)
    if empty is False and not force:
        fix = "name another, or add --force to replace what is in it"
        raise Failed("is not empty", where=f"database {database}", fix=fix, code="not_empty")
    for member in members(kept):
        if member.content is not None:
            hashed(member, len)
    if empty is False:
        _try(kept, dump, target, database)
        target.drop(database)
    if not empty:
        target.create(database)
    try:
        for path in (dump.path, dump.scheduled):
            if path:
                _fill(kept, path, target, database)
    except BaseException:
        if not empty:
            # Half of it is worse than none.
            target.drop(database)
        raise
    return differences(dump.tables, target.fingerprints(database))


def rehearse(target: Server, dump: Dump, file: Path, place: Path) -> list[str]:
    """Put a dump into a database that is thrown away; what differs. What runs by itself is not
    put there: it would run. `place` is a path that no other installation has: what a killed drill
    left is ours to remove."""
    with _thrown_away(target, "drill", str(place)) as database:
        target.fill(database, _read(file))
        found = target.fingerprints(database)
        expected = {name: one for name, one in dump.tables.items() if name != _EVENTS}
        return differences(expected, found)


def _try(kept: Kept, dump: Dump, target: Server, database: str) -> None:
    """Raise what the server says of a dump that it does not take."""
    try:
        with _thrown_away(target, "restore", database) as beside:
            _fill(kept, dump.path, target, beside)
    except LabtoolError as error:
        error.what = f"the database {database} is as it was; its dump does not load: {error.what}"
        raise


def _fill(kept: Kept, path: str, target: Server, database: str) -> None:
    for member in members(kept):
        if member.record.path == path and member.content is not None:
            target.fill(database, _chunks(member.content))


@contextmanager
def _thrown_away(target: Server, purpose: str, place: str) -> Iterator[str]:
    mark = hashlib.sha256(f"{socket.gethostname()}:{place}".encode()).hexdigest()[:8]
    database = f"labtool_{purpose}_{mark}"
    target.drop(database)
    target.create(database)
    try:
        yield database
    finally:
        target.drop(database)


def file_differences(dump: Dump, file: Path) -> list[str]:
    """The same of a file of SQLite."""
    return differences(dump.tables, sqlite.fingerprints(file))


def differences(
    before: Mapping[str, tuple[int, str]], after: Mapping[str, Fingerprint]
) -> list[str]:
    """How tables differ from what they were; of those that changed meanwhile, only that they
    are there, and not without rows."""
    said = []
    for table, (rows, total) in before.items():
        found = after.get(table)
        if found is None:
            said.append(f"table {table} is missing")
        elif total == CHANGED:
            if rows and not found.rows:
                said.append(f"table {table} has no rows")
        elif found.rows != rows:
            said.append(f"table {table} has {found.rows} rows, not {rows}")
        elif found.sum != total:
            said.append(f"table {table} has other content")
    return said


def _chunks(content: Content) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk


def _read(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while chunk := file.read(_CHUNK):
            yield chunk
