"""A file that has arrived, wherever it is."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

# What every arrival gives to what it starts.
GIVEN = frozenset({"path", "name", "file"})


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is whole: its `name` in a `bucket` (a folder is one, by its own name), for
    people `where` it is, the `input` of what it starts, and a `key` that it has for its content
    alone. A marker stands for something else, and is `covered` by that if it is a file with this
    name, which counts by itself; it is `lost` where that is not there.
    `done` is called once what it starts is sure."""

    name: str
    bucket: str
    where: str
    input: dict[str, Any]
    key: str
    marker: bool = False
    covered: str = ""
    lost: bool = False
    done: Callable[[], None] = _nothing


class Source(Protocol):
    """Where files arrive. `every` is after how many seconds to look again."""

    every: float

    def look(self, stopped: Callable[[], bool]) -> Iterator[Arrival]:
        """What is there and whole; ends early once `stopped`. Raises LabtoolError."""
        ...


def key_of(*parts: str) -> str:
    """A key that these have, and nothing else."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
