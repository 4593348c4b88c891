"""What is at a destination: the backups whose manifests are there, and what is left of others."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from labtool.core.errors import Failed, LabtoolError
from labtool.core.files import write_atomic
from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import Ident, Manifest

_ENDING = ".json"
# That of a database with a hundred thousand tables has some 15 MB.
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The backups at a destination, the newest first; `broken` are the ids of those of which
    a part is not there as it was written. `orphans` are files that look like parts of a backup
    without any manifest, by name. `damaged` are manifests that make no sense."""

    backups: tuple[Manifest, ...]
    broken: frozenset[str]
    orphans: Mapping[str, Ident]
    damaged: tuple[LabtoolError, ...]

    def whole(self, name: str, host: str) -> list[Manifest]:
        """What a machine has of a set that is good, the newest first."""
        own = [one for one in self.backups if one.set == name and one.host == host]
        return [one for one in own if one.good and one.id not in self.broken]


def read(destination: Destination, copies: Path) -> Catalogue:
    """Look at a destination. Manifests never change: `copies` is a folder that keeps those
    that were read before. Raises as the destination."""
    sizes = {one.name: one.bytes for one in destination.stored()}
    named = {name.removesuffix(_ENDING) for name in sizes if name.endswith(_ENDING)}
    found: list[Manifest] = []
    damaged: list[LabtoolError] = []
    broken = set[str]()
    for ident in filter(m.parse_id, named):
        try:
            one = _manifest(destination, ident, sizes[f"{ident}{_ENDING}"], copies)
        except Failed as error:
            damaged.append(error)
            continue
        missing = [p.name for p in (one.archive, one.files) if sizes.get(p.name) != p.bytes]
        if missing:
            broken.add(ident)
            told = [f"{name} is not there as it was written" for name in missing]
            one = replace(one, problems=(*told, *one.problems))
        found.append(one)
    found.sort(key=lambda one: (one.created, one.id), reverse=True)
    # Whatever its manifest is like, somebody saved something there.
    orphans = {
        name: said
        for name in sizes
        if not name.endswith(_ENDING)
        and name.partition(".")[0] not in named
        and (said := m.parse_name(name))
    }
    _forget(copies, named)
    return Catalogue(tuple(found), frozenset(broken), orphans, tuple(damaged))


def reread(destination: Destination, ident: str) -> Manifest:
    """A manifest as it is at its destination, whatever is known of it here. Raises Failed where
    it is damaged."""
    raw = b"".join(_bounded(destination.read(f"{ident}{_ENDING}"), ident))
    return m.load(raw, ident)


def _manifest(destination: Destination, ident: str, size: int, copies: Path) -> Manifest:
    copy = copies / f"{ident}{_ENDING}"
    with suppress(OSError, Failed):
        raw = copy.read_bytes()
        if len(raw) == size:
            return m.load(raw, ident)
    raw = b"".join(_bounded(destination.read(copy.name), ident))
    manifest = m.load(raw, ident)
    write_atomic(copy, raw, 0o600)
    return manifest


def _forget(copies: Path, named: set[str]) -> None:
    """Remove copies of what is not there any more."""
    with suppress(OSError):
        for path in copies.iterdir():
            if path.name.endswith(_ENDING) and path.name.removesuffix(_ENDING) not in named:
                path.unlink(missing_ok=True)


def _bounded(chunks: Iterator[bytes], ident: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _LARGEST:
            where = f"{ident}{_ENDING}"
            raise Failed("is too large for a manifest", where=where, code="manifest")
        yield chunk
