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

from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.header import file_header
from labtool.tasks.backup.manifest import Dump, FileRecord
from labtool.tasks.backup.sources.walk import Found

_CHUNK = 1024 * 1024
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ZEROS = bytes(512)
_BLOCK = 512
# Blocks in a record, as tar pads to.
_RECORD = 20
# A dump is in members of this size, as a member's size is written before its content.
_PART = 8 * 1024 * 1024


class Archive:
    """Writes members to `sink`. `record` gets the line about each as it went in, `problems`
    what could not be read as it was, `dumps` the databases, `notes` what was left out."""

    def __init__(
        self,
        sink: Callable[[bytes], object],
        record: Callable[[bytes], None],
        progress: Callable[[int, int], object] = lambda files, size: None,
    ) -> None:
        self.problems: list[str] = []
        self.dumps: list[Dump] = []
        self.notes: list[str] = []
        # Of what is counted, `files` hold something: a folder that is empty is no backup.
        self.count = self.files = self.bytes = 0
        self._sink = sink
        self._record = record
        self._progress = progress
        self._blocks = 0
        # Where the first name of a file with several is, and how many are still to come.
        self._linked: dict[tuple[int, int], tuple[str, int]] = {}

    def add_all(self, found: Iterable[Found]) -> None:
        """Add everything that is found; what cannot be read is told, and the rest goes on."""
        for one in found:
            try:
                self.add(one)
            except OSError as error:
                self.problems.append(f"{one.path}: {error.strerror or type(error).__name__}")

    def add(self, found: Found) -> None:
        """Add one. Raises OSError for a file that cannot be opened."""
        if found.status is None or stat.S_ISREG(found.status.st_mode):
            self._add_file(found)
            return
        mode = found.status.st_mode
        if stat.S_ISDIR(mode):
            self._put(found, found.status, tarfile.DIRTYPE, "directory")
        elif stat.S_ISLNK(mode):
            link = os.readlink(found.path)  # noqa: PTH115  (Path would tidy it)
            self._put(found, found.status, tarfile.SYMTYPE, "symlink", link)
        elif stat.S_ISFIFO(mode):
            self._put(found, found.status, tarfile.FIFOTYPE, "fifo")
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
        self.files += 1
        self.bytes += size
        record = FileRecord(
            path, "dump", size, 0o600, time.time(), sha256=digest.hexdigest(), parts=parts
        )
        self._record(m.line(record))

    def close(self) -> None:
        """Write the end: two empty blocks, and what is missing of the last record."""
        self._write(bytes(2 * _BLOCK))
        self._write(bytes(-self._blocks % _RECORD * _BLOCK))

    def _add_file(self, found: Found) -> None:
        # Not a device or a pipe that took the file's place.
        handle = os.open(found.path, _OPEN)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                self.problems.append(f"{found.path}: became something else while it was read")
                return
            if status.st_nlink > 1 and self._add_link(found, status):
                return
            size = status.st_size
            owner = _owner(status.st_uid, status.st_gid)
            mode = stat.S_IMODE(status.st_mode)
            head = file_header(found.name, size, mode, int(status.st_mtime), owner)
            if size < _CHUNK:
                # Read to one byte more than there should be: it may have grown.
                data = os.read(handle, size + 1) if size else b""
                whole = len(data) == size
                if not whole:
                    data = data[:size].ljust(size, b"\0")
                digest = hashlib.sha256(data).hexdigest()
                pad = -size % _BLOCK
                self._write(b"".join((head, data, _ZEROS[:pad])) if pad else head + data)
            else:
                self._write(head)
                digest, whole = self._content(handle, size)
            if not whole or os.fstat(handle).st_mtime_ns != status.st_mtime_ns:
                self.problems.append(f"{found.path}: changed while it was read")
        finally:
            os.close(handle)
        self.count += 1
        self.files += 1
        self.bytes += size
        self._progress(self.count, self.bytes)
        self._record(m.file_line(found.name, size, mode, status.st_mtime, owner, digest))

    def _add_link(self, found: Found, status: os.stat_result) -> bool:
        """Add another name of a file that is in already."""
        key = (status.st_dev, status.st_ino)
        if key not in self._linked:
            self._linked[key] = (found.name, status.st_nlink - 1)
            return False
        first, left = self._linked[key]
        if left > 1:
            self._linked[key] = (first, left - 1)
        else:
            # There may be very many.
            del self._linked[key]
        self._put(found, status, tarfile.LNKTYPE, "hardlink", first)
        self.files += 1
        return True

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
            self._progress(self.count, self.bytes + size - left)
        self._blocks += -(-size // _BLOCK)
        if size % _BLOCK:
            self._sink(bytes(-size % _BLOCK))
        return digest.hexdigest(), whole

    def _head(self, info: tarfile.TarInfo) -> None:
        self._write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def _write(self, blocks: bytes) -> None:
        self._sink(blocks)
        self._blocks += len(blocks) // _BLOCK

    def _put(
        self, found: Found, status: os.stat_result, kind: bytes, called: str, link: str = ""
    ) -> None:
        info = tarfile.TarInfo(found.name)
        info.type, info.linkname = kind, link
        info.mode = stat.S_IMODE(status.st_mode)
        # Whole seconds: others take a header of their own. The record has the rest.
        info.mtime = int(status.st_mtime)
        info.uid, info.gid, info.uname, info.gname = _owner(status.st_uid, status.st_gid)
        self._head(info)
        self.count += 1
        record = FileRecord(
            path=info.name,
            type=called,
            mode=info.mode,
            mtime=status.st_mtime,
            user=info.uname,
            group=info.gname,
            link=link,
        )
        self._record(m.line(record))


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


@lru_cache(maxsize=4096)
def _owner(uid: int, gid: int) -> tuple[int, int, str, str]:
    return uid, gid, _user(uid), _group(gid)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
