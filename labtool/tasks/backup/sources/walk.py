"""Which files belong to a set: what is below its paths, without what is excluded."""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class Found:
    """A file, folder or link: where it is, its name in the archive, what the system says."""

    path: str
    name: str
    status: os.stat_result


class Walk:
    """Walks over paths in the order of their names. `problems` are what could not be read,
    `skip` the paths of what is left out."""

    def __init__(
        self, paths: Sequence[Path], exclude: Sequence[str], skip: Collection[str] = ()
    ) -> None:
        self.problems: list[str] = []
        self._skip = skip
        self._paths = paths
        self._spec = _spec(exclude)

    def __iter__(self) -> Iterator[Found]:
        """Everything that belongs to the set; a folder before what is in it."""
        for top in self._paths:
            path = os.fspath(top.absolute())
            try:
                status = os.lstat(path)
            except OSError as error:
                self._missed(path, error)
                continue
            yield Found(path, path.lstrip("/"), status)
            if stat.S_ISDIR(status.st_mode):
                yield from self._below(path, "", status.st_dev)

    def _below(self, folder: str, inside: str, device: int) -> Iterator[Found]:
        """What is in a folder; `inside` is its path below the set's own, for the patterns. What
        is mounted inside belongs to somebody else."""
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self._missed(folder, error)
            return
        for entry in entries:
            name = f"{inside}{entry.name}"
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                self._missed(entry.path, error)
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            if self._skip and entry.path in self._skip:
                continue
            if self._spec and self._spec.match_file(_readable(f"{name}/" if is_folder else name)):
                continue
            yield Found(entry.path, entry.path.lstrip("/"), status)
            if is_folder and status.st_dev == device:
                yield from self._below(entry.path, f"{name}/", device)

    def _missed(self, path: str, error: OSError) -> None:
        self.problems.append(f"{path}: {error.strerror or type(error).__name__}")


def _readable(name: str) -> str:
    """A name for patterns to be held against: they are text, and names need not be."""
    return os.fsencode(name).decode("utf-8", "replace")


def _spec(exclude: Sequence[str]) -> "GitIgnoreSpec | None":
    if not exclude:
        return None
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(exclude)
