"""The members of archives, one after the other, as `archives` unpacks them."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Protocol, Self

from labtool.core.errors import Failed

_CHUNK = 256 * 1024
# Of where a link leads: bytes.
LINK = 3000
# The largest header of a tar, and the largest list of members of a zip: bytes held in memory.
_HEADER, _LIST = 1024 * 1024, 256 * 1024 * 1024
# What xz may take to unpack; its own -9 takes 65 MB.
_MEMORY = 512 * 1024 * 1024
_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE)


class Content(Protocol):
    """A file's bytes."""

    def read(self, size: int, /) -> bytes:
        """So many, or fewer at the end."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member as its archive has it; a file's `content` must be read before the next comes.
    `link` is where a link leads; `other` what it is where it is none of these. `changed` is in Unix
    seconds."""

    name: str
    kind: Literal["file", "folder", "link", "hardlink", "other"]
    content: Content | None = None
    link: str = ""
    other: str = ""
    mode: int = 0o644
    changed: float | None = None


class Damaged(Exception):
    """It is no archive, or not whole."""


def entries(
    archive: Path, stream: int, members: int, alive: Callable[[], None]
) -> Iterator[Member]:
    """The members of an archive, whatever its name says it is. A tar's stream may have so many
    bytes, a zip so many members. Raises Damaged, Failed, and what `alive` raises."""
    with sane(), archive.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start[:4] in (b"PK\3\4", b"PK\5\6"):
            yield from _zip(archive, members)
        else:
            yield from _tar(_Limited(_plain(file, start), stream, alive))


@contextmanager
def sane() -> Iterator[None]:
    """What the libraries raise, as Damaged."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise Damaged(str(error)) from error  # as gzip and bzip2 say it
    except _library_errors() as error:
        raise Damaged(str(error) or type(error).__name__) from error


def _library_errors() -> tuple[type[Exception], ...]:
    """What the libraries raise for data that is not what it should be. A RuntimeError is a password
    of a zip, a way to pack that is not known, or headers that never end."""
    import zstandard

    return (
        EOFError, KeyError, IndexError, OverflowError, RuntimeError, ValueError, lzma.LZMAError,
        struct.error, tarfile.TarError, zipfile.BadZipFile, zlib.error, zstandard.ZstdError,
    )  # fmt: skip


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _plain(file: IO[bytes], start: bytes) -> _Readable:
    """A tar as it was before it was packed."""
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(b"BZh"):
        return _Chunks(_inflated(file, bz2.BZ2Decompressor))
    if start.startswith(b"\xfd7zXZ\0"):
        return _Chunks(_inflated(file, lambda: lzma.LZMADecompressor(memlimit=_MEMORY)))
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return file


def _inflated(file: IO[bytes], make: Callable[[], Any]) -> Iterator[bytes]:
    """All the streams of a file, one after another, in chunks of a bounded size."""
    data = file.read(_CHUNK)
    while data:
        one = make()
        while not one.eof:
            if one.needs_input and not data:
                data = file.read(_CHUNK)
                if not data:
                    raise Damaged("it ends in its middle")
            yield one.decompress(data, _CHUNK)
            data = b""
        data = one.unused_data.lstrip(b"\0") or file.read(_CHUNK)


class _Chunks:
    """Chunks, read as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        while not self._rest:
            found = next(self._chunks, None)
            if found is None:
                return b""
            self._rest = found
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class _Limited:
    """A stream that ends in an error where it is longer than it may be."""

    def __init__(self, file: _Readable, most: int, alive: Callable[[], None]) -> None:
        self._file, self._left, self._alive = file, most, alive

    def read(self, size: int, /) -> bytes:
        """All of the size, but at the end. Raises Failed."""
        parts, wanted = [], size
        while wanted and (data := self._file.read(wanted)):
            parts.append(data)
            wanted -= len(data)
        self._alive()
        self._left -= size - wanted
        if self._left < 0:
            fix = "set largest: to more, if it is what it should be"
            raise Failed("too much comes out of it", where="the archive", fix=fix, code="too_large")
        return b"".join(parts)


class _Info(tarfile.TarInfo):
    """A header. The library takes one that is damaged for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if len(buf) == tarfile.BLOCKSIZE and not any(buf):
            return super().frombuf(buf, encoding, errors)  # the end, which it knows
        try:
            found = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            what = "it ends in its middle" if len(buf) < tarfile.BLOCKSIZE else str(error)
            raise tarfile.ReadError(what) from error
        if found.size < 0 or (found.type in _HEADERS and found.size > _HEADER):
            raise tarfile.ReadError("a header of it is too long")
        return found


def _tar(stream: _Limited) -> Iterator[Member]:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Info, errors="surrogateescape") as tar:  # type: ignore[call-overload]  # only read from
        while (info := tar.next()) is not None:
            # The list of members is for who goes back.
            tar.members.clear()
            yield _of_tar(tar, info)
    while stream.read(_CHUNK):
        pass  # so that all of it is checked


def _of_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if info.isdir():
        return Member(info.name, "folder")
    if info.issym():
        return Member(info.name, "link", link=info.linkname)
    if info.islnk():
        return Member(info.name, "hardlink", link=info.linkname)
    if info.type not in _FILES:
        return Member(info.name, "other", other="a device, or another special file")
    content = _Exactly(tar.extractfile(info), info.size)
    return Member(info.name, "file", content, mode=info.mode, changed=float(info.mtime))


class _Exactly:
    """A file's content, which has so many bytes."""

    def __init__(self, file: IO[bytes] | None, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int, /) -> bytes:
        with sane():
            data = self._file.read(size) if self._file is not None else b""
        self._left -= len(data)
        if not data and size and self._left:
            raise Damaged("it ends in its middle")
        return data


class _Zip(io.FileIO):
    """A zip's file. What is read from it in one piece, its list of members, is bounded."""

    def read(self, size: int | None = -1, /) -> Any:
        if size is not None and size > _LIST:
            raise Damaged("its list of members is too long")
        return super().read(size)


def _zip(archive: Path, members: int) -> Iterator[Member]:
    with _Zip(archive) as file, zipfile.ZipFile(file) as found:
        if len(found.infolist()) > members:
            what = f"has more than {members} files and folders"
            raise Failed(what, where="the archive", fix="unpack it by hand", code="too_many")
        for info in found.infolist():
            mode = info.external_attr >> 16 if info.create_system == 3 else 0
            # The library cuts a name at its first zero byte.
            name = info.orig_filename
            kind, other = kind_of(mode)
            if name.endswith("/") and kind == "file":
                kind = "folder"
            if kind in ("folder", "other"):
                yield Member(name, kind, other=other)
                continue
            with found.open(info) as content:
                if kind == "link":
                    target = content.read(LINK + 1).decode("utf-8", "surrogateescape")
                    yield Member(name, "link", link=target)
                else:
                    whole = _Exactly(content, info.file_size)
                    yield Member(name, "file", whole, mode=mode or 0o644, changed=_when(info))


def _when(info: zipfile.ZipInfo) -> float | None:
    with suppress(ValueError, OverflowError):
        return time.mktime((*info.date_time, 0, 0, -1))
    return None


def kind_of(mode: int) -> tuple[Literal["file", "folder", "link", "other"], str]:
    """What a Unix mode says that a member is, and in words where it is nothing to unpack."""
    known: dict[int, Any] = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    sort = stat.S_IFMT(mode)
    if sort == stat.S_IFLNK:
        return "link", ""
    return known.get(sort, "other"), "" if sort in known else "a device, or another special file"
