"""A dump back into a database, and what it holds then."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError
from labtool.core.text import counted
from labtool.services.databases import Fingerprint, Server, sqlite
from labtool.tasks.backup.aside import Aside
from labtool.tasks.backup.manifest import CHANGED, Dump, Manifest
from labtool.tasks.backup.section import Backup
from labtool.tasks.backup.servers import Purpose, server_of_set
from labtool.tasks.backup.unpack import Content, Kept, hashed, members

_CHUNK = 1024 * 1024
# How MySQL's fingerprints call what runs by itself.
_EVENTS = "(EVENTS)"
# The account itself may not do what a dump says.
_RIGHT = "database_right"
# A table that is written to may have had somewhat fewer rows, or more, than before and after:
# a tenth, and so many.
_SOME = 100


def server_of(
    config: Config, manifest: Manifest, dump: Dump, *, purpose: Purpose = "restore"
) -> Server:
    """The server that a dump is restored to. Raises Failed where the config names none."""
    section = config.section("backup", Backup)
    found = server_of_set(section, manifest.set, dump.kind, config, purpose=purpose)
    if found is None:
        what = f"the config's set {manifest.set} names no {dump.kind}: to restore it to"
        raise Failed(what, where=manifest.id, fix="write it, or restore --to a folder")
    return found


def refill(
    kept: Kept, dump: Dump, target: Server, database: str, aside: Aside, *, force: bool
) -> list[str]:
    """Put a dump into a database that is not there or empty; with `force`, in place of one, once
    the same dump has been put beside it. The whole archive is read and checked before anything is
    changed. What differs from what was dumped. Raises Failed for a damaged archive and as the
    server."""
    empty = target.is_empty(database)
    if empty is False and not force:
        fix = "name another, or add --force to replace what is in it"
        raise Failed("is not empty", where=f"database {database}", fix=fix, code="not_empty")
    for member in members(kept):
        if member.content is not None:
            hashed(member, len)
    if empty is False:
        _replace(kept, dump, target, database, aside)
    else:
        _into(kept, dump, target, database, there=empty is True)
    if dump.scheduled:
        try:
            _fill(kept, dump.scheduled, target, database)
        except LabtoolError as error:
            error.what = f"all is there but its events, which do not load: {error.what}"
            raise
    return differences(dump, target.fingerprints(database))


def rehearse(target: Server, dump: Dump, file: Path, aside: Aside, about: Path) -> list[str]:
    """Put a dump into a database that is thrown away, as an account that may do nothing else; what
    differs. What runs by itself is not put there: it would run. `about` is a path that no other
    installation has."""
    with (
        aside.made(target, "drill", str(about)) as beside,
        target.confined(beside.name) as confined,
    ):
        confined.fill(beside.name, _read(file), own=True)
        found = confined.fingerprints(beside.name)
    tables = {name: one for name, one in dump.tables.items() if name != _EVENTS}
    return differences(replace(dump, tables=tables), found)


def _replace(kept: Kept, dump: Dump, target: Server, database: str, aside: Aside) -> None:
    """Where a database cannot be called otherwise, the dump is put in a second time."""
    with aside.made(target, "restore", database) as beside:
        try:
            _try(kept, dump, target, database, beside.name)
        except LabtoolError as error:
            what = f"the database {database} is as it was; its dump does not load"
            error.what = f"{what}: {error.what}"
            raise
        if target.renames:
            beside.stay()
            target.drop(database)
            try:
                target.rename(beside.name, database)
            except LabtoolError as error:
                error.what = f"what was restored is called {beside.name}: {error.what}"
                error.fix = f"rename it to {database}, whose old content is gone"
                raise
            return
    target.drop(database)
    try:
        _into(kept, dump, target, database, there=False)
    except LabtoolError as error:
        what = f"the database {database} is gone; its dump did load, but not again"
        error.what = f"{what}: {error.what}"
        raise


def _try(kept: Kept, dump: Dump, target: Server, database: str, beside: str) -> None:
    """Put a dump beside a database, as it is; in MySQL, without whom its parts belong to where
    that is what fails: they may have rights in the database of that name alone."""
    try:
        _fill(kept, dump.path, target, beside)
    except LabtoolError as error:
        if target.renames or database != dump.database or error.code == _RIGHT:
            raise
        target.drop(beside)
        target.create(beside)
        try:
            _fill(kept, dump.path, target, beside, own=True)
        except LabtoolError:
            raise error from None


def _into(kept: Kept, dump: Dump, target: Server, database: str, *, there: bool) -> None:
    if not there:
        target.create(database)
    try:
        _fill(kept, dump.path, target, database)
    except BaseException:
        if not there:
            # Half of it is worse than none.
            target.drop(database)
        raise


def _fill(kept: Kept, path: str, target: Server, database: str, *, own: bool = False) -> None:
    for member in members(kept):
        if member.record.path == path and member.content is not None:
            target.fill(database, _chunks(member.content), own=own)


def file_differences(dump: Dump, file: Path) -> list[str]:
    """The same of a file of SQLite."""
    return differences(dump, sqlite.fingerprints(file))


def differences(dump: Dump, now: Mapping[str, Fingerprint]) -> list[str]:
    """How tables differ from what was dumped."""
    said = []
    for table, (rows, total) in dump.tables.items():
        found = now.get(table)
        if found is None:
            said.append(f"table {table} is missing")
        elif total == CHANGED:
            said += _roughly(table, found.rows, rows, dump.after.get(table))
        elif found.rows != rows:
            said.append(f"table {table} has {counted(found.rows, 'row')}, not {rows}")
        elif found.sum != total:
            said.append(f"table {table} has other content")
    return said


def _roughly(table: str, rows: int, before: int, after: int | None) -> list[str]:
    """How the number of rows differs of a table that was written to meanwhile."""
    least, most = sorted((before, before if after is None else after))
    if least and not rows:
        return [f"table {table} has no rows"]
    if not least - least // 10 - _SOME <= rows <= most + most // 10 + _SOME:
        return [f"table {table} has {counted(rows, 'row')}, not {least} to {most}"]
    return []


def _chunks(content: Content) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk


def _read(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while chunk := file.read(_CHUNK):
            yield chunk
