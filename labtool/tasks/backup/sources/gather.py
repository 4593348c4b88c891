"""The sources of a set, as its options name them."""

import os
from pathlib import Path
from typing import Protocol

from labtool.core.config import Config
from labtool.core.errors import Failed
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.section import Backup, Set
from labtool.tasks.backup.servers import server
from labtool.tasks.backup.sources import configuration
from labtool.tasks.backup.sources.database import Database
from labtool.tasks.backup.sources.files import Files
from labtool.tasks.backup.sources.sqlite import BESIDE, Sqlite


class Source(Protocol):
    """A part of a set."""

    def add(self, archive: Archive) -> None:
        """Put all of it into the archive. Raises AccessDenied, Failed, Temporary."""


def _kept_here(config: Config) -> set[str]:
    """The folders that backups are kept in."""
    destinations = config.section("backup", Backup).destinations.values()
    paths = [config.resolve(one.path) for one in destinations if one.kind == "local"]
    sets = config.section("backup", Backup).sets.values()
    paths += [config.resolve(one.repository) for one in sets if one.repository.count(":") == 0]
    return {os.path.realpath(path) for path in paths}


def gather(options: Set, config: Config, scratch: Path) -> list[Source]:
    """The sources of a set, the databases first; `scratch` is a folder for what must be
    copied. Raises Failed where one is not there."""
    found: list[Source] = []
    for kind, one in (("mysql", options.mysql), ("postgresql", options.postgresql)):
        if one is not None:
            found.append(Database(server(one, config), kind, one.database))
    databases = [config.resolve(path) for path in options.sqlite]
    if "labtool" in options.configuration:
        databases += configuration.own_databases(config)
    if databases:
        found.append(Sqlite(databases, scratch))
    # Not a second time, as files that change while they are read; nor the backups themselves.
    skip = {f"{os.path.realpath(path)}{end}" for path in databases for end in ("", *BESIDE)}
    kept = _kept_here(config)
    skip |= kept
    if options.paths:
        paths = [config.resolve(path) for path in options.paths]
        for path in paths:
            if os.path.realpath(path) in kept:
                what, fix = "is where backups are kept", "name another folder in paths:"
                raise Failed(what, where=str(path), fix=fix, code="own_place")
        found.append(Files(paths, options.exclude, skip, filled=options.min_files > 0))
    for program in options.configuration:
        if program == "labtool":
            files = configuration.own_files(config, secrets=bool(options.encrypt))
            found.append(Files(files))
            found.append(Files([config.state], configuration.STATE_WITHOUT, skip))
        else:
            found.append(Files([configuration.folder(program)], options.exclude, skip))
    return found
