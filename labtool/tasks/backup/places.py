"""The destinations of a config, each opened when it is first needed and looked at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labtool.core.config import Config
from labtool.core.errors import ConfigError, LabtoolError, Problem, UsageError
from labtool.core.files import make_folder
from labtool.tasks.backup import catalogue
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.section import Backup


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup at a destination."""

    manifest: Manifest
    place: str


class Places:
    """Every destination, by name."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.section = config.section("backup", Backup)
        if not self.section.sets:
            fix = "write sets: and destinations:, as config/labtool.example.yaml shows"
            raise ConfigError([Problem(config.where("backup"), "names no sets", fix, "backup")])
        self._open: dict[str, Destination] = {}
        self._catalogues: dict[str, Catalogue] = {}

    def destination(self, name: str) -> Destination:
        """A destination. Raises Failed, AccessDenied, Temporary and StateError."""
        if name not in self._open:
            self._open[name] = self.section.destinations[name].open(self.config)
        return self._open[name]

    def catalogue(self, name: str) -> Catalogue:
        """What is there. Raises as `destination`."""
        if name not in self._catalogues:
            copies = make_folder(self.config.state / "backup" / name)
            self._catalogues[name] = catalogue.read(self.destination(name), copies)
        return self._catalogues[name]

    def changed(self, name: str) -> None:
        """What is there is not what it was."""
        self._catalogues.pop(name, None)

    def looked_at(self) -> Iterator[tuple[str, Catalogue | LabtoolError]]:
        """What is at each destination, or why that cannot be known."""
        for name in self.section.destinations:
            try:
                yield name, self.catalogue(name)
            except LabtoolError as error:
                yield name, error

    def copies(self, ident: str) -> list[Copy]:
        """Where a backup is. Raises UsageError for one that is nowhere, with those that are."""
        found: list[Copy] = []
        known: list[str] = []
        for name, seen in self.looked_at():
            if isinstance(seen, Catalogue):
                known += [one.id for one in seen.backups]
                found += [Copy(one, name) for one in seen.backups if one.id == ident]
        if not found:
            newest = ", ".join(sorted(set(known), reverse=True)[:3])
            fix = f"there are {newest}" if newest else "labtool backup list shows those that are"
            raise UsageError(f"there is no backup {ident}", fix=fix)
        return found

    def taken(self) -> set[str]:
        """The ids that are in use, as far as that can be known."""
        seen = [found for _, found in self.looked_at() if isinstance(found, Catalogue)]
        return {one.id for found in seen for one in found.backups}

    def newest(self, name: str, places: Sequence[str]) -> Manifest | None:
        """A set's newest good backup at these destinations, as far as they can be asked."""
        found: list[Manifest] = []
        for place in places:
            try:
                seen = self.catalogue(place)
            except LabtoolError:
                continue
            found += [one for one in seen.backups if one.set == name and one.good]
        return max(found, key=lambda one: one.created, default=None)
