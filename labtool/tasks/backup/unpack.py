"""An archive as it comes from a destination: hashed as a whole, and member by member held
against the list of what went in.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from labtool.core.errors import Failed
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


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive; `content` reads a file's bytes, and must be read before the
    next member comes."""

    record: FileRecord
    info: tarfile.TarInfo
    content: BinaryIO | None


def records(destination: Destination, manifest: Manifest) -> Iterator[FileRecord]:
    """What went into a backup, in order. Raises Failed where the list is damaged."""
    where = manifest.files.name
    chunks = checked(destination.read(where), manifest.files)
    try:
        yield from m.read_lines(_lines(_sane(unpacked(chunks, "zstd"), where)))
    except (ValueError, TypeError):
        raise _wrong(where, "it has a line that is none") from None


def members(destination: Destination, manifest: Manifest) -> Iterator[Member]:
    """Each member of a backup's archive with its record. Raises Failed where the archive is
    damaged, or holds something else than what went in; a file's content is only known to be
    right once `hashed` has seen all of it."""
    where = manifest.archive.name
    expected = records(destination, manifest)
    chunks = checked(destination.read(where), manifest.archive)
    source = _File(_sane(unpacked(chunks, _compression(manifest)), where))
    try:
        with tarfile.open(fileobj=source, mode="r|", errors="surrogateescape") as tar:  # type: ignore[call-overload]  # only read from
            for info in tar:
                record = next(expected, None)
                if record is None or not _is(record, info):
                    raise _wrong(where, f"{info.name!r} is not what went in")
                yield Member(record, info, tar.extractfile(info) if info.isreg() else None)
    except tarfile.TarError as error:
        raise _wrong(where, str(error)) from error
    if next(expected, None) is not None:
        raise _wrong(where, "files are missing at its end")
    source.drain()


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
    while chunk := member.content.read(1024 * 1024):
        digest.update(chunk)
        take(chunk)
    if digest.hexdigest() != member.record.sha256:
        raise _wrong(member.record.path, "its SHA-256 is not that of when it was saved")


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
        yield from lines
    if rest:
        yield rest


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
