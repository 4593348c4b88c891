"""Archives at a destination."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from labtool.core.config import Config
from labtool.core.files import make_folder
from labtool.tasks.backup import catalogue
from labtool.tasks.backup.aside import Aside
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.databases import file_differences, refill, rehearse, server_of
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.listings import listing
from labtool.tasks.backup.manifest import Dump, FileRecord, Manifest
from labtool.tasks.backup.restore import Restored, restore
from labtool.tasks.backup.section import Backup
from labtool.tasks.backup.shelves._base import Verified
from labtool.tasks.backup.unpack import Kept, members, records
from labtool.tasks.backup.verify import drill, verify


class Archives:
    """The archives at a destination, with what this machine knows of them."""

    def __init__(self, name: str, destination: Destination, config: Config) -> None:
        self._name, self._destination, self._config = name, destination, config

    def catalogue(self) -> Catalogue:
        """As every shelf's."""
        copies = make_folder(self._config.state / "backup" / "manifests" / self._name)
        return catalogue.read(self._destination, copies)

    def records(self, manifest: Manifest) -> Iterator[FileRecord]:
        """As every shelf's."""
        return records(self._kept(manifest), near=True)

    def verify(self, manifest: Manifest) -> Verified:
        """As every shelf's."""
        return Verified(*verify(self._kept(self._as_stored(manifest))))

    def drill(self, manifest: Manifest, scratch: Path) -> Verified:
        """As every shelf's."""
        root = scratch / "restored"
        kept = self._kept(self._as_stored(manifest))
        count = drill(kept, root, partial(self._differences, kept.manifest))
        return Verified("drill", count)

    def restore(
        self, manifest: Manifest, to: Path, paths: Sequence[str], *, force: bool
    ) -> Restored:
        """As every shelf's."""
        return restore(members(self._kept(manifest)), to, paths, force=force)

    def refill(self, manifest: Manifest, dump: Dump, database: str, *, force: bool) -> list[str]:
        """As every shelf's."""
        target = server_of(self._config, manifest, dump)
        aside = Aside(self._config, manifest.set, dump.kind)
        return refill(self._kept(manifest), dump, target, database, aside, force=force)

    def remove(self, manifests: Sequence[Manifest], leftovers: Sequence[str]) -> None:
        """As every shelf's. The manifest first: what is half gone is no backup."""
        for one in manifests:
            for part in (f"{one.id}.json", one.archive.name, one.files.name):
                self._destination.remove(part)
        for part in leftovers:
            self._destination.remove(part)

    def _as_stored(self, manifest: Manifest) -> Manifest:
        """The manifest, read where it is: what is known of it here may be all that is whole."""
        return catalogue.reread(self._destination, manifest.id)

    def _differences(self, manifest: Manifest, dump: Dump, file: Path) -> list[str]:
        if dump.kind == "sqlite":
            return file_differences(dump, file)
        target = server_of(self._config, manifest, dump, purpose="drill")
        aside = Aside(self._config, manifest.set, dump.kind)
        return rehearse(target, dump, file, aside, self._config.state)

    def _kept(self, manifest: Manifest) -> Kept:
        return Kept(
            self._destination, manifest, _identity(self._config), listing(self._config, manifest.id)
        )


def _identity(config: Config) -> Callable[[], str] | None:
    identity = config.section("backup", Backup).identity
    return identity.reveal if identity else None
