"""A folder for what is thrown away: copies of databases, what a drill restores. What a killed run
left of it goes with the next one.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from labtool.core.config import Config
from labtool.core.errors import StateError
from labtool.core.files import make_folder
from labtool.tasks.backup.section import Backup

Purpose = Literal["save", "drill"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@contextmanager
def scratch(config: Config, section: Backup, purpose: Purpose) -> Iterator[Path]:
    """An empty folder, for this user alone. Only one run has it, by the task's lock. Raises
    StateError."""
    folder = _base(config, section) / f"labtool-{purpose}"
    _clear(folder)
    try:
        make_folder(folder)
    except StateError as error:
        if section.scratch:
            error.fix = "mount its disk, or correct backup.scratch"
        raise
    try:
        yield folder
    finally:
        _clear(folder)


def sweep(config: Config, section: Backup) -> None:
    """Remove what runs that were killed have left."""
    for purpose in PURPOSES:
        _clear(_base(config, section) / f"labtool-{purpose}")


def _base(config: Config, section: Backup) -> Path:
    return config.resolve(section.scratch) if section.scratch else config.state / "backup"


def _clear(folder: Path) -> None:
    """Remove it, with folders in it that nobody may write to."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in [folder, *(one for one in folder.rglob("*") if one.is_dir())]:
        if not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
