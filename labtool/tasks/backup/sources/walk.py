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
    """Walks over paths in the order of their names; one that is itself a link stands for what it
    leads to. `problems` are what could not be read, `notes` what is mounted below and left out,
    `skip` the paths, without links, of what is left out, and `skipped` how many there were."""

    def __init__(
        self, paths: Sequence[Path], exclude: Sequence[str], skip: Collection[str] = ()
    ) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.skipped = 0
        self._skip = skip
        self._paths = paths
        self._tops = {os.path.realpath(path) for path in paths}
        self._spec = _spec(exclude)

    def each(self) -> Iterator[tuple[Path, Iterator[Found]]]:
        """Each path, with everything that belongs to the set there."""
        for top in self._paths:
            yield top, self._at(top)

    def __iter__(self) -> Iterator[Found]:
        """All of it; a folder before what is in it."""
        for _, found in self.each():
            yield from found

    def _at(self, top: Path) -> Iterator[Found]:
        path = os.path.realpath(top)
        name = os.fspath(top.absolute()).strip("/")
        try:
            status = os.lstat(path)
        except OSError as error:
            self._missed(path, error)
            return
        if name:
            yield Found(path, name, status)
        if stat.S_ISDIR(status.st_mode):
            yield from self._below(path, name, status.st_dev)

    def _below(self, top: str, name: str, device: int) -> Iterator[Found]:
        """What is in a folder. What is mounted inside belongs to somebody else."""
        inside = len(top.rstrip("/")) + 1
        before = f"{name}/" if name else ""
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
            yield Found(path, before + path[inside:], status)
            if status is None or not is_folder:
                continue
            if status.st_dev == device:
                waiting.append(self._entries(path))
            elif path not in self._tops:
                self.notes.append(f"{path}: is another disk, and not saved; name it in paths:")

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
            self.skipped += 1
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
