"""What is in backups, by this machine's own copies of their lists: nothing must be downloaded to
look at them, and those that are sealed can be looked at here.
"""

import os
from collections.abc import Collection
from pathlib import Path
from typing import IO

from labtool.core.config import Config
from labtool.core.files import make_folder, unusable
from labtool.tasks.backup.manifest import parse_name

_CHUNK = 1024 * 1024
_ENDING = ".files.zst"


def folder(config: Config) -> Path:
    """Where they are."""
    return config.state / "backup" / "listings"


def listing(config: Config, ident: str) -> Path:
    """The list of a backup, if there is one."""
    return folder(config) / f"{ident}{_ENDING}"


def keep(config: Config, ident: str, content: IO[bytes]) -> None:
    """Keep a list. Raises StateError."""
    path = make_folder(folder(config)) / f"{ident}{_ENDING}"
    aside = path.with_suffix(".tmp")
    content.seek(0)
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
        aside.replace(path)
    except OSError as error:
        raise unusable(path, error) from error


def forget(config: Config, known: Collection[str]) -> None:
    """Remove the lists of backups that are nowhere any more."""
    if not folder(config).is_dir():
        return
    for path in folder(config).iterdir():
        named = parse_name(path.name)
        if named and path.name.partition(".")[0] not in known:
            path.unlink(missing_ok=True)
