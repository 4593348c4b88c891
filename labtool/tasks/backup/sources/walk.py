"""Which files belong to a set: what is below its paths, without what is excluded."""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# How many entries of a folder are held in memory, to be sorted.
_SORTED = 20_000


class Found(NamedTuple):
    """A file, folder or link: where it is, its name in the archive, what the system says. Of
    what the folder's own list calls a file, nobody has asked: None."""

    path: str
    name: str
    status: os.stat_result | None


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
                yield from self._below(path, status.st_dev)

    def _below(self, top: str, device: int) -> Iterator[Found]:
        """What is in a folder. What is mounted inside belongs to somebody else."""
        inside = len(top.rstrip("/")) + 1
        # Of each folder on the way, what is still to come in it: no frame of its own for each,
        # as every file would pass through all of them.
        waiting = [self._entries(top)]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                continue
            path = entry.path
            is_file = entry.is_file(follow_symlinks=False)
            try:
                status = None if is_file else entry.stat(follow_symlinks=False)
            except OSError as error:
                self._missed(path, error)
                continue
            is_folder = status is not None and stat.S_ISDIR(status.st_mode)
            if self._is_left_out(path, inside, is_folder=is_folder):
                continue
            yield Found(path, path.lstrip("/"), status)
            if status is not None and is_folder and status.st_dev == device:
                waiting.append(self._entries(path))

    def _entries(self, folder: str) -> Iterator["os.DirEntry[str]"]:
        """What is in a folder, by name; of a very large one, the rest as it comes."""
        try:
            with os.scandir(folder) as scan:
                yield from sorted(islice(scan, _SORTED), key=_name)
                yield from scan
        except OSError as error:
            self._missed(folder, error)

    def _is_left_out(self, path: str, inside: int, *, is_folder: bool) -> bool:
        """Whether patterns exclude it, by its path below the set's own, or it is to skip."""
        if self._skip and path in self._skip:
            return True
        if self._spec is None:
            return False
        name = f"{path[inside:]}/" if is_folder else path[inside:]
        return bool(self._spec.match_file(_readable(name)))

    def _missed(self, path: str, error: OSError) -> None:
        self.problems.append(f"{path}: {error.strerror or type(error).__name__}")


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _readable(name: str) -> str:
    """A name for patterns to be held against: they are text, and names need not be."""
    return os.fsencode(name).decode("utf-8", "replace")


def _spec(exclude: Sequence[str]) -> "GitIgnoreSpec | None":
    if not exclude:
        return None
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(exclude)
