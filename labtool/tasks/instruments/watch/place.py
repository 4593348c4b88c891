"""Where we were in a file, and whether a file is that one, whatever its name is now."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# So much of a file's beginning, and of what precedes our place, says which file it is.
_HEAD, _TAIL = 1024, 256
_BLOCK, _LONGEST_HALF = 256 * 1024, 64 * 1024


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
    """Whether this is the file of the place, as far as it was read. Raises OSError."""
    with path.open("rb") as file:
        return (
            os.fstat(file.fileno()).st_size >= place.offset
            and _hash(file, 0, place.head_size) == place.head
            and _before(file, place.offset) == place.tail
        )


def begins_as(path: Path, other: Path) -> bool:
    """Whether another file begins with all of this one. Raises OSError."""
    with path.open("rb") as one, other.open("rb") as two:
        if os.fstat(one.fileno()).st_size > os.fstat(two.fileno()).st_size:
            return False
        while block := one.read(_BLOCK):
            if two.read(len(block)) != block:
                return False
    return True


def at_the_end(path: Path) -> Place:
    """The place after the last whole row of a file. Raises OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _LONGEST_HALF))
        half = file.read(_LONGEST_HALF).rpartition(b"\n")[2]
        return place_in(file, path.name, size - len(half) if len(half) < _LONGEST_HALF else size)


def _hash(file: BinaryIO, start: int, size: int) -> str:
    file.seek(start)
    return hashlib.sha256(file.read(size)).hexdigest()


def _before(file: BinaryIO, offset: int) -> str:
    start = max(0, offset - _TAIL)
    return _hash(file, start, offset - start)
