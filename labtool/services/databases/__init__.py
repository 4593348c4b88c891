"""Databases, over the programs that come with their servers: dumped to a stream, filled from
one, and compared. Credentials are in files that those programs read, never on a command line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a table holds: its rows, and a number that is made from all of them in any order."""

    rows: int
    sum: str


class Server(Protocol):
    """A server, as one account sees it. Every method raises AccessDenied, Failed, Temporary."""

    def version(self) -> str:
        """The engine and its version, such as MariaDB 10.11.14."""

    def dump(self, database: str) -> Iterator[bytes]:
        """All of a database, consistent in itself, but what runs by itself once it is there."""

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

    def fill(self, database: str, chunks: Iterable[bytes]) -> None:
        """Put a dump into a database that is empty."""
