"""The places of a config's backups, each opened when it is first needed and looked at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from labtool.core.config import Config
from labtool.core.errors import ConfigError, LabtoolError, Problem, UsageError
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.section import RESTIC, Backup
from labtool.tasks.backup.shelves._base import Shelf
from labtool.tasks.backup.shelves.archives import Archives
from labtool.tasks.backup.shelves.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup at a place."""

    manifest: Manifest
    place: str


class Places:
    """Every place, by name: the destinations, and restic's repositories as one."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.section = config.section("backup", Backup)
        if not self.section.sets:
            fix = "write sets: and destinations:, as config/labtool.example.yaml shows"
            raise ConfigError([Problem(config.where("backup"), "names no sets", fix, "backup")])
        self._open: dict[str, Destination] = {}
        self._catalogues: dict[str, Catalogue | LabtoolError] = {}

    @property
    def names(self) -> list[str]:
        """All of them."""
        restic = any(one.engine == "restic" for one in self.section.sets.values())
        return [*self.section.destinations, *([RESTIC] if restic else [])]

    @cached_property
    def snapshots(self) -> Snapshots:
        """What restic keeps."""
        return Snapshots(self.config)

    def destination(self, name: str) -> Destination:
        """A destination. Raises Failed, AccessDenied, Temporary and StateError."""
        if name not in self._open:
            self._open[name] = self.section.destinations[name].open(self.config)
        return self._open[name]

    def shelf(self, name: str) -> Shelf:
        """A place. Raises as `destination`."""
        if name == RESTIC:
            return self.snapshots
        return Archives(name, self.destination(name), self.config)

    def catalogue(self, name: str) -> Catalogue:
        """What is there. Raises as `destination`; one that cannot be asked is asked once."""
        if name not in self._catalogues:
            try:
                self._catalogues[name] = self.shelf(name).catalogue()
            except LabtoolError as error:
                self._catalogues[name] = error
        found = self._catalogues[name]
        if isinstance(found, LabtoolError):
            raise found
        return found

    def changed(self, name: str) -> None:
        """What is there is not what it was."""
        self._catalogues.pop(name, None)

    def looked_at(self) -> Iterator[tuple[str, Catalogue | LabtoolError]]:
        """What is at each place, or why that cannot be known."""
        for name in self.names:
            try:
                yield name, self.catalogue(name)
            except LabtoolError as error:
                yield name, error

    def copies(self, ident: str) -> list[Copy]:
        """Where a backup is. Raises UsageError for one that is nowhere, with those that are,
        and what a place said that could not be asked."""
        found: list[Copy] = []
        known: list[str] = []
        silent: list[LabtoolError] = []
        for name, seen in self.looked_at():
            if isinstance(seen, LabtoolError):
                silent.append(seen)
                continue
            known += [one.id for one in seen.backups]
            found += [Copy(one, name) for one in seen.backups if one.id == ident]
        if found:
            # From one that has all of it, if there is one.
            return sorted(found, key=lambda copy: not copy.manifest.good)
        if silent:
            raise silent[0]
        newest = ", ".join(sorted(set(known), reverse=True)[:3])
        fix = f"there are {newest}" if newest else "labtool backup list shows those that are"
        raise UsageError(f"there is no backup {ident}", fix=fix)

    def taken(self) -> set[str]:
        """The ids that are in use, as far as that can be known."""
        seen = [found for _, found in self.looked_at() if isinstance(found, Catalogue)]
        return {one.id for found in seen for one in found.backups}

    def newest(self, name: str, places: Sequence[str]) -> Manifest | None:
        """The newest good backup of this machine's set at these places, as far as they can be
        asked."""
        found: list[Manifest] = []
        for place in places:
            try:
                seen = self.catalogue(place)
            except LabtoolError:
                continue
            found += seen.whole(name, self.section.machine)
        return max(found, key=lambda one: one.created, default=None)
