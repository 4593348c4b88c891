"""Where we were in which file, though files are renamed, copied, truncated or replaced."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# So much of a file's beginning, and of what precedes our place, says which file it is.
_HEAD, _TAIL = 1024, 256
_MOST_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: the name that it had as a log, its inode, and hashes of its first
    `head_size` bytes and of the `_TAIL` bytes before `offset`."""

    name: str
    inode: int
    offset: int
    head_size: int
    head: str
    tail: str


def place_in(file: BinaryIO, name: str, offset: int) -> Place:
    """The place at `offset` of an open file."""
    size = min(_HEAD, offset)
    inode = os.fstat(file.fileno()).st_ino
    return Place(name, inode, offset, size, _hash(file, 0, size), _before(file, offset))


def is_at(path: Path, place: Place) -> bool:
    """Whether this is the file of the place, as far as it was read."""
    try:
        with path.open("rb") as file:
            return (
                os.fstat(file.fileno()).st_size >= place.offset
                and _hash(file, 0, place.head_size) == place.head
                and _before(file, place.offset) == place.tail
            )
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Part:
    """A file to read, from where, and the name that it had as a log; `new` if nothing of it
    was read yet, `last` if nothing will follow it for now."""

    path: Path
    name: str
    offset: int
    new: bool
    last: bool


def parts(files: Sequence[Path], place: Place | None, *, all_of_them: bool = False) -> list[Part]:
    """What is to be read, in order. `files` are the logs, oldest first; without a place, the
    newest of them, or all."""
    if place is None:
        return _listed(None, None, files if all_of_them else files[-1:])
    here = next((path for path in files if path.name == place.name), None)
    if here is not None and is_at(here, place):
        return _listed(here, place, _after(files, here))
    others = _others(files, here, place) if place.offset else iter(())
    moved = next((path for path in others if is_at(path, place)), None)
    if here is not None:
        return _listed(moved, place, [here, *_after(files, here)])
    later = _after(files, moved) if moved in files else [p for p in files if p.name > place.name]
    return _listed(moved, place, later)


def _listed(begun: Path | None, place: Place | None, new: Sequence[Path]) -> list[Part]:
    found = []
    if begun is not None and place is not None:
        found.append(Part(begun, place.name, place.offset, not place.offset, not new))
    last = new[-1] if new else None
    return found + [Part(path, path.name, 0, new=True, last=path is last) for path in new]


def _after(files: Sequence[Path], path: Path | None) -> Sequence[Path]:
    return files[files.index(path) + 1 :] if path in files else ()


def _others(files: Sequence[Path], here: Path | None, place: Place) -> Iterator[Path]:
    """Where the file may have gone to, the likeliest first."""
    folders = {path.parent for path in files}
    found = [p for folder in folders for p in _some(folder.iterdir()) if p != here and p.is_file()]
    yield from sorted(found, key=lambda p: (_inode(p) != place.inode, p.name))


def _some(found: Iterable[Path]) -> Iterator[Path]:
    for number, path in enumerate(found):
        if number >= _MOST_LOOKED_AT:
            return
        yield path


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _hash(file: BinaryIO, start: int, size: int) -> str:
    file.seek(start)
    return hashlib.sha256(file.read(size)).hexdigest()


def _before(file: BinaryIO, offset: int) -> str:
    start = max(0, offset - _TAIL)
    return _hash(file, start, offset - start)
