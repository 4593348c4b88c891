"""An archive that becomes a folder: unpacked aside, and then put in place. What was in the folder
before stays, but for what has the same name.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from labtool.core.archives import unpack
from labtool.core.errors import Failed
from labtool.core.files import unusable
from labtool.tasks.workflow.activities._base import Context
from labtool.tasks.workflow.activities._part import mark


def unpacked(archive: Path, folder: Path, largest: int, context: Context) -> None:
    """Raises Failed, then nothing of it is there, StateError, Ended."""
    name = f"{mark(context, str(folder))}.aside"
    # Beside it, or in it where it is there: that may be another file system.
    outer, inner = folder.parent / name, folder / name
    aside = inner if folder.is_dir() else outer

    def alive() -> None:
        context.check()
        context.beat()

    try:
        for one in (outer, inner):
            _remove(one)  # of an attempt that was killed
        aside.mkdir(parents=True)
        unpack(archive, aside, largest=largest, alive=alive)
        if aside == outer:
            aside.replace(folder)
        else:
            _merge(aside, folder)
    except OSError as error:
        raise unusable(folder, error, "name another place") from error
    finally:
        for one in (outer, inner):
            _remove(one)


def _merge(aside: Path, folder: Path) -> None:
    """Put all files in their places, once all have one. Done again after a crash, it is as done
    once."""
    found = list(_below(aside))
    for path, name in found:
        there = folder / name
        inside = path.is_dir() and not path.is_symlink()
        taken = there.is_symlink() or there.exists()
        if taken and inside != (there.is_dir() and not there.is_symlink()):
            what = "is in the way of what was unpacked"
            raise Failed(what, where=str(there), fix="move it away, or name another folder")
    for path, name in found:
        if path.is_dir() and not path.is_symlink():
            (folder / name).mkdir(exist_ok=True)
        else:
            path.replace(folder / name)


def _below(top: Path) -> Iterator[tuple[Path, str]]:
    """All that is below, folders before what is in them."""
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder) / name
            yield path, str(path.relative_to(top))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
