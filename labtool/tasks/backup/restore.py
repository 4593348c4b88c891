"""A backup back into a folder: each file whole and right, or not there; nothing outside it."""

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
from labtool.tasks.backup.unpack import Member, hashed

_PART = ".labtool-restore-"


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
    place = _Place(to.resolve())
    wanted = [path.strip("/") for path in paths]
    for member in members:
        if _is_wanted(member.record.path, wanted):
            place.put(member)
    place.finish()
    return place.done


def ready(to: Path, *, force: bool) -> None:
    """Make the folder to restore into. Raises Failed where it is not empty and `force` does not
    allow to overwrite, and StateError."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        if not force and any(to.iterdir()):
            fix = "name an empty folder, or add --force to overwrite what is there"
            raise Failed("is not empty", where=str(to), fix=fix, code="not_empty")
    except OSError as error:
        raise unusable(to, error) from error


def _is_wanted(path: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(path == one or path.startswith(f"{one}/") for one in wanted)


class _Place:
    """The folder that is restored into."""

    def __init__(self, root: Path) -> None:
        self.done = Restored()
        self._root = root
        self._safe = {str(root)}
        # Their modes and times, once everything is in them.
        self._folders: list[tuple[Path, tarfile.TarInfo, float]] = []

    def put(self, member: Member) -> None:
        """Put one member there."""
        path = member.record.path
        try:
            target = self._target(path)
            self._put(member, target)
        except Failed as error:
            self.done.problems.append(f"{path}: {error.what}")
        except OSError as error:
            if error.errno in (28, 122):  # full, over quota: nothing else will fit either
                raise unusable(self._root, error) from error
            self.done.problems.append(f"{path}: {error.strerror or type(error).__name__}")
        else:
            self.done.count += 1
            self.done.bytes += member.record.size

    def finish(self) -> None:
        """Give the folders their modes and times, the deepest first."""
        for path, info, mtime in reversed(self._folders):
            with suppress(OSError):
                _own(path, info, mtime)

    def _target(self, name: str) -> Path:
        """Where a member goes. Raises Failed for one that leads out of the folder."""
        parts = name.split("/")
        if not name or any(part in ("", ".", "..") for part in parts):
            raise Failed("its name leads out of the folder; it was left out")
        parent = self._root.joinpath(*parts[:-1])
        if str(parent) not in self._safe:
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # A link among its folders may lead anywhere.
            if parent.resolve() != parent:
                raise Failed("a link in its path leads elsewhere; it was left out")
            self._safe.add(str(parent))
        return parent / parts[-1]

    def _put(self, member: Member, target: Path) -> None:
        info = member.info
        if member.record.type == "directory":
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                target.unlink()
            target.mkdir(mode=0o700, exist_ok=True)
            self._folders.append((target, info, member.record.mtime))
            return
        if target.is_dir() and not target.is_symlink():
            raise Failed("a folder is in its place")
        part = target.with_name(f"{_PART}{os.getpid()}")
        try:
            if member.content is not None:
                self._write(member, part)
            elif member.record.type == "symlink":
                part.symlink_to(info.linkname)
            elif member.record.type == "hardlink":
                part.hardlink_to(self._target(info.linkname))
            else:
                os.mkfifo(part)
            if member.record.type != "hardlink":
                _own(part, info, member.record.mtime)
            part.replace(target)
            # Two names of one file are not replaced by one another.
            part.unlink(missing_ok=True)
            self._safe.discard(str(target))
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _write(self, member: Member, part: Path) -> None:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb", buffering=0) as file:

            def take(chunk: bytes) -> None:
                # Holes stay holes.
                if chunk.strip(b"\0"):
                    file.write(chunk)
                else:
                    file.seek(len(chunk), os.SEEK_CUR)

            hashed(member, take)
            file.truncate(member.record.size)


def _own(path: Path, info: tarfile.TarInfo, mtime: float) -> None:
    """Owner, mode and time of what was saved, as far as this user may."""
    mode = stat.S_IMODE(info.mode)
    try:
        os.chown(
            path, _uid(info.uname, info.uid), _gid(info.gname, info.gid), follow_symlinks=False
        )
    except PermissionError:
        # A program that acts for its owner must not act for another.
        mode &= ~(stat.S_ISUID | stat.S_ISGID)
    if not info.issym():
        path.chmod(mode)
    os.utime(path, (mtime, mtime), follow_symlinks=False)


@lru_cache(maxsize=4096)
def _uid(name: str, number: int) -> int:
    try:
        return pwd.getpwnam(name).pw_uid if name else number
    except KeyError:
        return number


@lru_cache(maxsize=4096)
def _gid(name: str, number: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid if name else number
    except KeyError:
        return number
