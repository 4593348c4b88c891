"""A backup as it comes from a destination: hashed as a whole, and member by member held against
the list of what went in.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labtool.core.errors import AccessDenied, Failed
from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import FileRecord, Manifest, Part
from labtool.tasks.backup.stream import ENDINGS, Compression, unpacked

_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.FIFOTYPE: "fifo",
}
_CHUNK = 1024 * 1024
# No line of the list is longer: two paths, at six bytes for each of theirs.
_LONGEST = 1024 * 1024


class Content(Protocol):
    """A file's bytes."""

    def read(self, size: int, /) -> bytes:
        """So many, or fewer at the end."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive; `content` reads a file's bytes, and must be read before the
    next member comes."""

    record: FileRecord
    info: tarfile.TarInfo
    content: Content | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup at a destination. `identity` opens what is sealed, where this machine has one;
    `listing` is this machine's own copy of the list of files, where it has that."""

    destination: Destination
    manifest: Manifest
    identity: Callable[[], str] | None
    listing: Path

    @property
    def readable(self) -> bool:
        """Whether this machine can look into it."""
        return not self.manifest.encrypted or self.identity is not None

    def stored(self, part: Part) -> Iterator[bytes]:
        """A part as it is stored, checked. Raises Failed where it is damaged."""
        return checked(self.destination.read(part.name), part)

    def part(self, part: Part, compression: Compression) -> Iterator[bytes]:
        """A part's content, checked, opened and unpacked. Raises Failed where it is damaged,
        AccessDenied where it is sealed for somebody else, and as the destination."""
        chunks = self.stored(part)
        if self.manifest.encrypted:
            chunks = _opened(chunks, self.identity, part.name)
        return _sane(unpacked(chunks, compression), part.name)


def records(kept: Kept, *, near: bool = False) -> Iterator[FileRecord]:
    """What went into a backup, in order; `near`, from this machine's copy of the list if it
    has one. Raises Failed where the list is damaged."""
    where = kept.manifest.files.name
    if near and kept.listing.is_file():
        chunks = _sane(unpacked(_read(kept.listing), "zstd"), where)
    else:
        chunks = kept.part(kept.manifest.files, "zstd")
    try:
        yield from m.read_lines(_lines(chunks))
    except (ValueError, TypeError, RecursionError):
        raise _wrong(where, "it has a line that is none") from None


def members(kept: Kept) -> Iterator[Member]:
    """Each member of a backup's archive with its record. Raises Failed where the archive is
    damaged, or holds something else than what went in; a file's content is only known to be
    right once `hashed` has seen all of it."""
    where = kept.manifest.archive.name
    source = _File(kept.part(kept.manifest.archive, _compression(kept.manifest)))
    try:
        with tarfile.open(fileobj=source, mode="r|", errors="surrogateescape") as tar:  # type: ignore[call-overload]  # only read from
            for record in records(kept):
                if record.type == "dump":
                    parts = _Parts(tar, record, where)
                    yield Member(record, parts.info, parts)
                    parts.finish()
                    continue
                info = tar.next()
                if info is None:
                    raise _wrong(where, "files are missing at its end")
                if not _is(record, info):
                    raise _wrong(where, f"{info.name!r} is not what went in")
                # The list of members is for who goes back.
                tar.members.clear()
                yield Member(record, info, tar.extractfile(info) if info.isreg() else None)
            if (info := tar.next()) is not None:
                raise _wrong(where, f"{info.name!r} is not what went in")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise _wrong(where, str(error)) from error
    source.drain()


class _Parts:
    """A dump's parts in the archive, read as one."""

    def __init__(self, tar: tarfile.TarFile, record: FileRecord, where: str) -> None:
        self._tar, self._record, self._where = tar, record, where
        self._number = self._size = 0
        self._part: Content | None = None
        self.info = self._next()

    def read(self, size: int, /) -> bytes:
        """As a file's."""
        while self._part is not None:
            data = self._part.read(size)
            if data:
                return data
            self._part = None
            if self._number < self._record.parts:
                self._next()
        return b""

    def finish(self) -> None:
        """Go on to the end of it."""
        while self.read(_CHUNK):
            pass
        if self._size != self._record.size:
            raise _wrong(self._where, f"{self._record.path!r} is not what went in")

    def _next(self) -> tarfile.TarInfo:
        info = self._tar.next()
        if info is None or not info.isreg() or info.name != self._name:
            raise _wrong(self._where, f"a part of {self._record.path!r} is missing")
        self._tar.members.clear()  # type: ignore[attr-defined]  # as above
        self._part = self._tar.extractfile(info)
        self._number += 1
        self._size += info.size
        return info

    @property
    def _name(self) -> str:
        return f"{self._record.path}.{self._number:06}"


def checked(chunks: Iterable[bytes], part: Part) -> Iterator[bytes]:
    """The chunks of a part. Raises Failed at the end where they are not what was written."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    if (size, digest.hexdigest()) != (part.bytes, part.sha256):
        raise _wrong(part.name, "its SHA-256 is not that of its manifest")


def hashed(member: Member, take: Callable[[bytes], object]) -> None:
    """Hand a file's bytes to `take`. Raises Failed where they are not those that went in."""
    digest = hashlib.sha256()
    assert member.content is not None
    while chunk := member.content.read(_CHUNK):
        digest.update(chunk)
        take(chunk)
    if digest.hexdigest() != member.record.sha256:
        raise _wrong(member.record.path, "its SHA-256 is not that of when it was saved")


def _opened(
    chunks: Iterator[bytes], identity: Callable[[], str] | None, where: str
) -> Iterator[bytes]:
    from labtool.services.age import opened

    if identity is None:
        fix = "set backup.identity to the age identity of one of its recipients"
        raise AccessDenied("is sealed", where=where, fix=fix, code="identity")
    try:
        yield from opened(chunks, identity())
    except AccessDenied as error:
        error.where = error.where or where
        raise


def _compression(manifest: Manifest) -> Compression:
    known = next((name for name in ENDINGS if name == manifest.compression), None)
    if known is None:
        what = f"is packed in a way that is not known ({manifest.compression})"
        raise Failed(what, where=manifest.id, fix="upgrade labtool", code="manifest")
    return known


def _is(record: FileRecord, info: tarfile.TarInfo) -> bool:
    found = (info.name, _TYPES.get(info.type, ""), info.size, info.linkname)
    return found == (record.path, record.type, record.size, record.link)


def _wrong(where: str, what: str) -> Failed:
    fix = "take another backup; labtool backup verify tells which are whole"
    return Failed(f"is damaged: {what}", where=where, fix=fix, code="damaged")


def _sane(chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    try:
        yield from chunks
    except ValueError as error:
        raise _wrong(where, str(error)) from error


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST:
            raise ValueError("a line without an end")
        yield from lines
    if rest:
        yield rest


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _File:
    """Chunks, read as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk, self._at = b"", 0

    def read(self, size: int) -> bytes:
        parts, left = [], size
        while left:
            if self._at == len(self._chunk):
                self._chunk, self._at = next(self._chunks, b""), 0
                if not self._chunk:
                    break
            part = self._chunk[self._at : self._at + left]
            parts.append(part)
            self._at += len(part)
            left -= len(part)
        return b"".join(parts)

    def drain(self) -> None:
        """Read to the end, so that all of it is checked."""
        for _ in self._chunks:
            pass
