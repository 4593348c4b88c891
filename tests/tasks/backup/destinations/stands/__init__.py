"""What the contract suite needs of each kind of destination: one file a kind."""

from pathlib import Path
from typing import Any, Protocol, Self

from labtool.tasks.backup.destinations._base import Destination
from tests.servers.faults import Fault
from tests.servers.http import HttpServer


class Stand(Protocol):
    """A kind's stand-in. `proxy` is what all requests pass; None for what has no network."""

    kind: str
    proxy: HttpServer | None

    def start(self) -> Self: ...

    def stop(self) -> None: ...

    def reset(self) -> None:
        """The good world again, empty; faults are forgotten."""

    def destination(self, folder: Path, *, patience: float = 5.0) -> Destination:
        """A destination with small pages."""

    def config(self, folder: Path) -> dict[str, Any]:
        """Its entry in `backup.destinations`."""

    def env(self) -> dict[str, str]:
        """The secrets that it names."""

    def content(self, name: str) -> bytes | None:
        """What the vendor has, past all of ours."""

    def fill_up(self) -> None:
        """There is no space any more."""

    def revoked(self) -> Fault:
        """The vendor's own answer to credentials that were revoked."""

    def leave(self, name: str) -> None:
        """Leave what a run that was killed leaves of a file."""

    def left(self) -> list[str]:
        """The names of which something is left."""
