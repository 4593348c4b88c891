"""Databases, over the programs that come with their servers: dumped to a stream, filled from
one, and compared. Credentials are in files that those programs read, never on a command line.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a table holds: its rows, and a number that is made from all of them in any order."""

    rows: int
    sum: str


class Moment(Protocol):
    """A database that is being dumped. Raises as its server."""

    @property
    def exact(self) -> bool:
        """Whether its fingerprints are those of what is dumped; else as they are meanwhile."""

    def dump(self) -> Iterator[bytes]:
        """All of it, consistent in itself, but what runs by itself once it is there."""

    def fingerprints(self) -> Mapping[str, Fingerprint]:
        """As the server's; where they are exact, to be asked for before the dump."""


class Server(Protocol):
    """A server, as one account sees it. Every method raises AccessDenied, Failed, Temporary."""

    def version(self) -> str:
        """The engine and its version, such as MariaDB 10.11.14."""

    def moment(self, database: str) -> AbstractContextManager[Moment]:
        """A database, to be dumped."""

    def scheduled(self, database: str) -> Iterator[bytes] | None:
        """What runs by itself, to be put there last; None where there is nothing."""

    def fingerprints(self, database: str) -> Mapping[str, Fingerprint]:
        """Of each of its tables; and, by kind, how many other things it has."""

    def is_empty(self, database: str) -> bool | None:
        """Whether a database has nothing in it; None where there is none."""

    def create(self, database: str) -> None:
        """Make an empty one."""

    def drop(self, database: str) -> None:
        """Remove one with all that is in it; one that is not there is no error."""

    @property
    def renames(self) -> bool:
        """Whether databases can be called otherwise."""

    def rename(self, database: str, to: str) -> None:
        """Call one otherwise, where that can be done."""

    def fill(self, database: str, chunks: Iterable[bytes], *, own: bool = False) -> None:
        """Put a dump into a database that is empty. What it makes is the account's `own`, or
        theirs whom the dump names."""

    def confined(self, database: str) -> AbstractContextManager["Server"]:
        """The server as an account that is made for the time being, and has rights on a
        database alone, which is there and empty; this one where it can make none."""

    def forget(self, database: str) -> None:
        """Remove the account that `confined` has left."""
