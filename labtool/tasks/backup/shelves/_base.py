"""What can be asked of a place that has backups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.manifest import Dump, FileRecord, Manifest
from labtool.tasks.backup.restore import Restored


@dataclass(frozen=True, slots=True)
class Verified:
    """How a backup was looked at (`stored`: only the bytes that are stored; `read`: each file;
    `drill`: restored), and how many files it has."""

    how: str
    count: int


class Shelf(Protocol):
    """A place. Every method raises AccessDenied, Failed, Temporary and StateError."""

    def catalogue(self) -> Catalogue:
        """What is there."""

    def records(self, manifest: Manifest) -> Iterator[FileRecord]:
        """What a backup has, without a download where that can be."""

    def verify(self, manifest: Manifest) -> Verified:
        """Look whether a backup is whole. Raises Failed where it is not."""

    def drill(self, manifest: Manifest, scratch: Path) -> Verified:
        """Really restore it, below the folder `scratch` and into databases that are thrown
        away. Raises Failed for what differs."""

    def restore(
        self, manifest: Manifest, to: Path, paths: Sequence[str], *, force: bool
    ) -> Restored:
        """Put it, or what is below `paths`, into a folder."""

    def refill(self, manifest: Manifest, dump: Dump, database: str, *, force: bool) -> list[str]:
        """Put a dump into a database; what differs from what was dumped."""

    def remove(self, manifests: Sequence[Manifest], leftovers: Sequence[str]) -> None:
        """Take away backups, and files that belong to none."""
