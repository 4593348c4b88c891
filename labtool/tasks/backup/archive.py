"""Files -> one stream of tar (POSIX.1-2001, pax), with flat memory. Each file is hashed as it
is read, and recorded as it went in.
"""

import grp
import hashlib
import os
import pwd
import stat
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from labtool.tasks.backup.manifest import Dump, FileRecord
from labtool.tasks.backup.sources.walk import Found

_CHUNK = 1024 * 1024
_BLOCK = 512
# Blocks in a record, as tar pads to.
_RECORD = 20
# A dump is in members of this size, as a member's size is written before its content.
_PART = 8 * 1024 * 1024


class Archive:
    """Writes members to `sink`. `records` gets each as it went in, `problems` what could not
    be read as it was, `dumps` the databases."""

    def __init__(
        self,
        sink: Callable[[bytes], object],
        record: Callable[[FileRecord], None],
        progress: Callable[[int, int], object] = lambda files, size: None,
    ) -> None:
        self.problems: list[str] = []
        self.dumps: list[Dump] = []
        self.count = self.bytes = 0
        self._sink = sink
        self._record = record
        self._progress = progress
        self._blocks = 0
        # Where the first name of a file with several is.
        self._linked: dict[tuple[int, int], str] = {}

    def add_all(self, found: Iterable[Found]) -> None:
        """Add everything that is found; what cannot be read is told, and the rest goes on."""
        for one in found:
            try:
                self.add(one)
            except OSError as error:
                self.problems.append(f"{one.path}: {error.strerror or type(error).__name__}")

    def add(self, found: Found) -> None:
        """Add one. Raises OSError for a file that cannot be opened."""
        mode = found.status.st_mode
        if stat.S_ISREG(mode):
            self._add_file(found)
        elif stat.S_ISDIR(mode):
            self._put(found, tarfile.DIRTYPE, "directory")
        elif stat.S_ISLNK(mode):
            self._put(found, tarfile.SYMTYPE, "symlink", str(Path(found.path).readlink()))
        elif stat.S_ISFIFO(mode):
            self._put(found, tarfile.FIFOTYPE, "fifo")
        # Sockets and devices are made anew by whoever needs them.

    def add_dump(self, path: str, chunks: Iterable[bytes]) -> None:
        """Add what a database gives, as PATH.000000 and so on. Raises what `chunks` raises."""
        digest, size, parts = hashlib.sha256(), 0, 0
        for part in _pieces(chunks, _PART):
            info = tarfile.TarInfo(f"{path}.{parts:06}")
            info.mode, info.mtime, info.size = 0o600, int(time.time()), len(part)
            info.uid, info.gid = os.geteuid(), os.getegid()
            self._head(info)
            self._write(part + bytes(-len(part) % _BLOCK))
            digest.update(part)
            size += len(part)
            parts += 1
            self._progress(self.count, self.bytes + size)
        self.count += 1
        self.bytes += size
        record = FileRecord(
            path, "dump", size, 0o600, time.time(), sha256=digest.hexdigest(), parts=parts
        )
        self._record(record)

    def close(self) -> None:
        """Write the end: two empty blocks, and what is missing of the last record."""
        self._write(bytes(2 * _BLOCK))
        self._write(bytes(-self._blocks % _RECORD * _BLOCK))

    def _add_file(self, found: Found) -> None:
        key = (found.status.st_dev, found.status.st_ino)
        if found.status.st_nlink > 1 and key in self._linked:
            self._put(found, tarfile.LNKTYPE, "hardlink", self._linked[key])
            return
        # Not a device or a pipe that took the file's place.
        handle = os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                self.problems.append(f"{found.path}: became something else while it was read")
                return
            info = _info(found.name, status, tarfile.REGTYPE)
            info.size = status.st_size
            self._head(info)
            digest, whole = self._content(handle, status.st_size)
            if not whole or os.fstat(handle).st_size != status.st_size:
                self.problems.append(f"{found.path}: changed while it was read")
        finally:
            os.close(handle)
        self._note(info, "file", status.st_mtime, sha256=digest)
        if found.status.st_nlink > 1:
            self._linked[key] = found.name

    def _content(self, handle: int, size: int) -> tuple[str, bool]:
        """Write as many bytes as the header says, whatever happens to the file meanwhile; their
        SHA-256, and whether the file had them all. Raises no OSError: the header is written."""
        digest, left, whole = hashlib.sha256(), size, True
        while left:
            try:
                data = os.read(handle, min(left, _CHUNK))
            except OSError:
                data = b""
            if not data:
                whole = False
                data = bytes(min(left, _CHUNK))
            digest.update(data)
            self._sink(data)
            left -= len(data)
        self._blocks += -(-size // _BLOCK)
        if size % _BLOCK:
            self._sink(bytes(-size % _BLOCK))
        return digest.hexdigest(), whole

    def _head(self, info: tarfile.TarInfo) -> None:
        self._write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def _write(self, blocks: bytes) -> None:
        self._sink(blocks)
        self._blocks += len(blocks) // _BLOCK

    def _put(self, found: Found, kind: bytes, called: str, link: str = "") -> None:
        info = _info(found.name, found.status, kind)
        info.linkname = link
        self._head(info)
        self._note(info, called, found.status.st_mtime, link=link)

    def _note(
        self, info: tarfile.TarInfo, kind: str, mtime: float, *, sha256: str = "", link: str = ""
    ) -> None:
        self.count += 1
        self.bytes += info.size
        self._progress(self.count, self.bytes)
        self._record(
            FileRecord(
                path=info.name,
                type=kind,
                size=info.size,
                mode=info.mode,
                mtime=mtime,
                user=info.uname,
                group=info.gname,
                sha256=sha256,
                link=link,
            )
        )


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of this size; one that is empty where there are none."""
    waiting, length, none = list[bytes](), 0, True
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        while length >= size:
            whole = b"".join(waiting)
            yield whole[:size]
            waiting, length, none = [whole[size:]], length - size, False
    if length or none:
        yield b"".join(waiting)


def _info(name: str, status: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = stat.S_IMODE(status.st_mode)
    # Whole seconds: others take a header of their own. The record has the rest.
    info.mtime = int(status.st_mtime)
    info.uid, info.gid = status.st_uid, status.st_gid
    info.uname, info.gname = _user(status.st_uid), _group(status.st_gid)
    return info


@lru_cache(maxsize=4096)
def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache(maxsize=4096)
def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
