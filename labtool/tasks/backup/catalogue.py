"""What is at a destination: the backups whose manifests are there, and what is left of others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labtool.core.errors import Failed, LabtoolError
from labtool.core.files import write_atomic
from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import Manifest

_ENDING = ".json"
# No manifest is larger, but for one with very many problems.
_LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The backups at a destination, the newest first; `orphans` are files that look like
    parts of a backup which has no manifest: by name, with the time that the name says;
    `damaged` are manifests that make no sense."""

    backups: tuple[Manifest, ...]
    orphans: dict[str, datetime]
    damaged: tuple[LabtoolError, ...]


def read(destination: Destination, copies: Path) -> Catalogue:
    """Look at a destination. Manifests never change: `copies` is a folder that keeps those
    that were read before. Raises as the destination."""
    sizes = {one.name: one.bytes for one in destination.stored()}
    found: list[Manifest] = []
    damaged: list[LabtoolError] = []
    for name, size in sizes.items():
        if name.endswith(_ENDING) and m.parse_id(name.removesuffix(_ENDING)):
            try:
                found.append(_manifest(destination, name, size, copies))
            except Failed as error:
                damaged.append(error)
    found.sort(key=lambda one: (one.created, one.id), reverse=True)
    known = {part for one in found for part in (one.archive.name, one.files.name)}
    orphans = {
        name: named[1]
        for name in sizes
        if name not in known
        and not name.endswith(_ENDING)
        and (named := m.parse_id(name.partition(".")[0]))
    }
    return Catalogue(tuple(found), orphans, tuple(damaged))


def _manifest(destination: Destination, name: str, size: int, copies: Path) -> Manifest:
    copy = copies / name
    try:
        raw = copy.read_bytes()
        if len(raw) == size:
            return m.load(raw, name)
    except (OSError, Failed):
        pass
    raw = b"".join(_bounded(destination.read(name), name))
    manifest = m.load(raw, name)
    write_atomic(copy, raw, 0o600)
    return manifest


def _bounded(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _LARGEST:
            raise Failed("is too large for a manifest", where=name, code="manifest")
        yield chunk
