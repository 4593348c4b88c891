"""A backup back into a folder: each file whole and right, or not there; nothing outside it."""

import errno
import grp
import os
import pwd
import stat
import tarfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from labtool.core.errors import Failed
from labtool.core.files import unusable
from labtool.core.text import one_line
from labtool.tasks.backup.below import Below, parts
from labtool.tasks.backup.unpack import Member, hashed

# One name, so that what a killed run left goes with the next file that comes there.
PART = ".labtool-restore"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Restored:
    """How many files are back, their bytes, and what is not as it was."""

    count: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


def restore(
    members: Iterable[Member], to: Path, paths: Sequence[str] = (), *, force: bool = False
) -> Restored:
    """Put members (those below `paths`, or all) into the folder `to`. Owners are kept as far
    as this user may give files away. What is damaged is a problem, and the rest goes on.

    Raises Failed where the folder is not empty and `force` does not allow to overwrite, and
    StateError where it cannot be written to.
    """
    ready(to, force=force)
    missed = {path.strip("/") for path in paths}
    wanted = tuple(missed)
    with Below(to) as below:
        place = _Place(to, below)
        for member in members:
            found = _wanted(member.record.path, wanted)
            if found is not None:
                missed.discard(found)
                place.put(member)
        place.finish()
    if place.done.count or place.done.problems:
        place.done.problems += [f"{path}: is not in it" for path in sorted(missed)]
    return place.done


def ready(to: Path, *, force: bool) -> None:
    """Make the folder to restore into. Raises Failed where it is not empty and `force` does not
    allow to overwrite, or no folder, and StateError."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        if not force and any(to.iterdir()):
            fix = "name an empty folder, or add --force to overwrite what is there"
            raise Failed("is not empty", where=str(to), fix=fix, code="not_empty")
    except (FileExistsError, NotADirectoryError):
        fix = "name a folder that is empty, or not there yet"
        raise Failed("is no folder", where=str(to), fix=fix, code="no_folder") from None
    except OSError as error:
        raise unusable(to, error, instead="name another folder") from error


def _wanted(path: str, wanted: Sequence[str]) -> str | None:
    """Which of the paths a member is at or below; one that is empty where all are wanted."""
    if not wanted:
        return ""
    return next((one for one in wanted if path == one or path.startswith(f"{one}/")), None)


class _Place:
    """The folder that is restored into."""

    def __init__(self, root: Path, below: Below) -> None:
        self.done = Restored()
        self._root, self._below = root, below
        # Their modes and times, once everything is in them.
        self._folders: list[tuple[list[str], tarfile.TarInfo, float]] = []

    def put(self, member: Member) -> None:
        """Put one member there."""
        path = member.record.path
        try:
            self._put(member, parts(path))
        except Failed as error:
            self.done.problems.append(f"{path}: {error.what}")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # nothing else will fit either
                raise unusable(self._root, error) from error
            self.done.problems.append(f"{path}: {error.strerror or type(error).__name__}")
        except (ValueError, OverflowError, TypeError) as error:  # numbers that are none
            self.done.problems.append(f"{path}: cannot be made: {one_line(str(error), 200)}")
        else:
            self.done.count += 1
            self.done.bytes += member.record.size

    def finish(self) -> None:
        """Give the folders their modes and times, the deepest first."""
        for way, info, mtime in reversed(self._folders):
            with suppress(OSError, Failed, ValueError, OverflowError, TypeError):
                handle = os.open(way[-1], _READ, dir_fd=self._below.folder(way[:-1]))
                try:
                    _own(handle, info, mtime)
                finally:
                    os.close(handle)

    def _put(self, member: Member, way: list[str]) -> None:
        folder, name = self._below.folder(way[:-1], make=True), way[-1]
        kind = _kind(folder, name)
        if member.record.type == "directory":
            if kind is not None and not stat.S_ISDIR(kind):
                os.unlink(name, dir_fd=folder)
                kind = None
            if kind is None:
                os.mkdir(name, 0o700, dir_fd=folder)
            self._folders.append((way, member.info, member.record.mtime))
            return
        if kind is not None and stat.S_ISDIR(kind):
            raise Failed("a folder is in its place")
        with suppress(FileNotFoundError):
            os.unlink(PART, dir_fd=folder)
        try:
            folder = self._make(member, way, folder)
            os.rename(PART, name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            # Two names of one file are not replaced by one another, too.
            with suppress(OSError, Failed):
                os.unlink(PART, dir_fd=self._below.folder(way[:-1]))
        self._below.changed(way)

    def _make(self, member: Member, way: list[str], folder: int) -> int:
        """Make a file, whole, aside of where it will be; the folder it is in."""
        info, mtime = member.info, member.record.mtime
        if member.content is not None:
            self._write(member, folder)
        elif member.record.type == "symlink":
            os.symlink(info.linkname, PART, dir_fd=folder)
            _own_link(folder, info, mtime)
        elif member.record.type == "hardlink":
            other = parts(info.linkname)
            # What it is a name of may be elsewhere: only one way is open at a time.
            source = os.dup(self._below.folder(other[:-1]))
            try:
                folder = self._below.folder(way[:-1])
                os.link(
                    other[-1], PART, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False
                )
            finally:
                os.close(source)
        else:
            os.mkfifo(PART, 0o600, dir_fd=folder)
            _own_link(folder, info, mtime)
            with suppress(OSError):
                os.chmod(PART, stat.S_IMODE(info.mode), dir_fd=folder)
        return folder

    def _write(self, member: Member, folder: int) -> None:
        handle = os.open(PART, _NEW, 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:

            def take(chunk: bytes) -> None:
                # Holes stay holes.
                if chunk.strip(b"\0"):
                    file.write(chunk)
                else:
                    file.seek(len(chunk), os.SEEK_CUR)

            hashed(member, take)
            # All of it, or an error: a disk that is nearly full takes less than it is given.
            file.flush()
            file.truncate(member.record.size)
            _own(handle, member.info, member.record.mtime)


def _kind(folder: int, name: str) -> int | None:
    """The mode of what is there."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _own(handle: int, info: tarfile.TarInfo, mtime: float) -> None:
    """Owner, mode and time of what was saved, as far as this user, and the disk, may."""
    mode = stat.S_IMODE(info.mode)
    try:
        os.fchown(handle, _uid(info.uname, info.uid), _gid(info.gname, info.gid))
    except (OSError, OverflowError):
        # A program that acts for its owner must not act for another.
        mode &= ~(stat.S_ISUID | stat.S_ISGID)
    with suppress(OSError):
        os.fchmod(handle, mode)
    with suppress(OSError, OverflowError, ValueError):
        os.utime(handle, (mtime, mtime))


def _own_link(folder: int, info: tarfile.TarInfo, mtime: float) -> None:
    """The same of what is not opened."""
    with suppress(OSError, OverflowError):
        owner = (_uid(info.uname, info.uid), _gid(info.gname, info.gid))
        os.chown(PART, *owner, dir_fd=folder, follow_symlinks=False)
    with suppress(OSError, OverflowError, ValueError):
        os.utime(PART, (mtime, mtime), dir_fd=folder, follow_symlinks=False)


@lru_cache(maxsize=4096)
def _uid(name: str, number: int) -> int:
    try:
        return pwd.getpwnam(name).pw_uid if name else number
    except (KeyError, ValueError):
        return number


@lru_cache(maxsize=4096)
def _gid(name: str, number: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid if name else number
    except (KeyError, ValueError):
        return number
