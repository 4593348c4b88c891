"""`kind: local`: a folder of this machine, or one that is mounted.

The folder must be there: where a disk is not mounted, nothing must be written to the place that
is left. `marker: NAME` names a file that must be in it, for a mount point that is there anyway.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from pydantic import Field

from labtool.core.config import Config
from labtool.core.errors import Failed
from labtool.core.files import make_folder, unusable
from labtool.tasks.backup.destinations._base import DestinationOptions, Stored

_CHUNK = 1024 * 1024
_BEGIN = 16 * 1024 * 1024
_PART = ".labtool-part-"


class Options(DestinationOptions):
    """A folder; relative to the config."""

    kind: Literal["local"]
    path: str = Field(min_length=1)
    marker: str = Field(default="", description="A file that must be there, on the right disk")
    create: bool = Field(default=False, description="Make it where it is not there")

    def open(self, config: Config) -> "Folder":
        """The folder. Raises Failed where it is not there."""
        path = config.resolve(self.path)
        if self.create and not self.marker:
            make_folder(path)
        if not path.is_dir():
            fix = "mount it, or make it: mkdir -p (or create: true)"
            raise Failed("there is no such folder", where=str(path), fix=fix, code="no_folder")
        if self.marker and not (path / self.marker).exists():
            fix = f"mount the right disk; {self.marker} must be on it"
            raise Failed("is not what it should be", where=str(path), fix=fix, code="no_marker")
        return Folder(path)


class Folder:
    """A folder as a destination."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def stored(self) -> Iterator[Stored]:
        """As every destination's."""
        with _explained(self._path):
            entries = sorted(os.scandir(self._path), key=lambda entry: entry.name)
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                    yield Stored(entry.name, entry.stat().st_size)

    def read(self, name: str) -> Iterator[bytes]:
        """As every destination's."""
        if not (self._path / name).is_file():
            raise Failed("there is no such file", where=str(self._path / name), code="not_there")
        with _explained(self._path / name), (self._path / name).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """As every destination's."""
        part = self._path / f"{_PART}{name}"
        try:
            with _explained(part):
                handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                # Not unbuffered: a disk that is nearly full takes less than it is given.
                with os.fdopen(handle, "wb") as file:
                    _write(handle, file, chunks)
                    file.flush()
                    os.fsync(handle)
                part.replace(self._path / name)
                _sync(self._path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """As every destination's."""
        with _explained(self._path / name):
            (self._path / name).unlink(missing_ok=True)

    def sweep(self, mine: Callable[[str], bool]) -> int:
        """As every destination's."""
        with _explained(self._path):
            parts = self._path.glob(f"{_PART}*")
            left = [part for part in parts if mine(part.name.removeprefix(_PART))]
            for part in left:
                part.unlink(missing_ok=True)
        return len(left)


class _explained:  # noqa: N801  (used as a function)
    """What a folder's errors mean for a person; as it may stand around a `yield`, no generator."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            fix = "look at the destination's path:"
            raise unusable(self._path, error, instead=fix) from error


def _write(handle: int, file: IO[bytes], chunks: Iterable[bytes]) -> None:
    """Write, and let the disk begin meanwhile: the wait at the end is short, and the pages do
    not crowd out what others need."""
    begun = written = 0
    for chunk in chunks:
        file.write(chunk)
        written += len(chunk)
        if written - begun >= _BEGIN and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, begun, written - begun, os.POSIX_FADV_DONTNEED)
            begun = written


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
