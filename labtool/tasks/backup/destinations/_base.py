"""What a kind of destination is made of."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import Field

from labtool.core.config import Config
from labtool.core.config.types import Duration, Section
from labtool.tasks.backup.retention import Keep


@dataclass(frozen=True, slots=True)
class Stored:
    """A file at a destination, and its bytes."""

    name: str
    bytes: int


class Destination(Protocol):
    """A flat place of files. A file is there whole, or not at all. Every method raises
    Failed, AccessDenied, Temporary or StateError."""

    def stored(self) -> Iterator[Stored]:
        """The files that are there, by name."""

    def read(self, name: str) -> Iterator[bytes]:
        """A file's content, in chunks."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put a file there once `chunks` has ended; nothing where that raises."""

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""

    def sweep(self, mine: Callable[[str], bool]) -> int:
        """Take away what runs that were killed have left of files whose name is `mine`; how
        many."""


class DestinationOptions(Section):
    """The options that every kind has."""

    kind: str
    keep: Keep | None = Field(default=None, description="Default: that of backup:")

    @abstractmethod
    def open(self, config: Config) -> Destination:
        """The place. Raises as its methods."""


class RemoteOptions(DestinationOptions):
    """The options of those that are reached over a network."""

    patience: Duration = Field(
        default=timedelta(minutes=1), description="How long a part that breaks is tried again"
    )

    @property
    def seconds(self) -> float:
        """The patience, in seconds."""
        return self.patience / timedelta(seconds=1)
