"""Archives from elsewhere: zip and tar, unpacked into an empty folder, and never outside it.

What leads out of the folder, is no file, folder or link within it, or is more than was allowed is
refused. Links are made last: while files are written there is none that could lead elsewhere.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labtool.core.archives_read import LINK, Damaged, Member, entries
from labtool.core.errors import Failed
from labtool.core.files import unusable
from labtool.core.text import one_line

MEMBERS = 1_000_000
_CHUNK = 1024 * 1024
# Of a name: parts, bytes of one, bytes of all.
_DEEPEST, _PART, _NAME = 200, 255, 3000
# What only Windows takes for more than a character.
_WINDOWS = "\\:"


@dataclass(slots=True)
class Unpacked:
    """What came out: files, folders and links together, and their bytes."""

    members: int = 0
    size: int = 0


def unpack(
    archive: Path,
    folder: Path,
    *,
    largest: int,
    members: int = MEMBERS,
    alive: Callable[[], None] = lambda: None,
) -> Unpacked:
    """Unpack a zip, or a tar that may be packed with gzip, bzip2, xz or zstd, into a folder that is
    there and empty. At most `largest` bytes and so many `members` come out; `alive` is called as it
    goes on. Raises Failed, then some of it may be there, StateError, and what `alive` raises."""
    # Headers and what is between members count as well, or a bomb could be made of them.
    stream = largest + 2048 * members + _CHUNK
    making = _Making(folder, largest, members, alive)
    try:
        for member in entries(archive, stream, members, alive):
            making.add(member)
        making.end()
    except Damaged as error:
        what = f"is no archive, or is damaged: {one_line(str(error), 200)}"
        fix = "zip, tar, and tar with gzip, bzip2, xz or zstd are known"
        raise Failed(what, where=archive.name, fix=fix, code="damaged") from error
    return making.done


@dataclass(slots=True)
class _Making:
    """The folder as it grows. Nobody else writes there, and there are no links until the end."""

    folder: Path
    largest: int
    most: int
    alive: Callable[[], None]
    done: Unpacked = field(default_factory=Unpacked)
    links: dict[tuple[str, ...], str] = field(default_factory=dict)
    made: set[tuple[str, ...]] = field(default_factory=lambda: {()})

    def add(self, member: Member) -> None:
        """Raises Failed, StateError."""
        self.alive()
        self._count()
        if member.kind == "other":
            raise _refused(member.name, f"is {member.other}")
        way = parts(member.name)
        if not way:
            if member.kind != "folder":
                raise _refused(member.name, "has no name")
            return
        try:
            if member.kind == "folder":
                self._make(way)
                return
            self._make(way[:-1])
            if member.kind == "link":
                _within(way, member)
                self.links[way] = member.link
            elif member.kind == "hardlink":
                self._again(way, member)
            else:
                self.links.pop(way, None)
                self._write(way, member)
        except OSError as error:
            raise _explained(self.folder, member.name, error) from error

    def end(self) -> None:
        """Make the links. Raises Failed, StateError."""
        for way, target in self.links.items():
            self.alive()
            path = self.folder.joinpath(*way)
            try:
                path.unlink(missing_ok=True)  # the last of a name counts
                path.symlink_to(target)
            except OSError as error:
                raise _explained(self.folder, "/".join(way), error) from error

    def _make(self, way: tuple[str, ...]) -> None:
        for number in range(1, len(way) + 1):
            part = way[:number]
            if part not in self.made:
                self._count()
                self.folder.joinpath(*part).mkdir(0o755)
                self.made.add(part)

    def _write(self, way: tuple[str, ...], member: Member) -> None:
        path = self.folder.joinpath(*way)
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            while member.content is not None and (data := member.content.read(_CHUNK)):
                self.alive()
                self.done.size += len(data)
                if self.done.size > self.largest:
                    raise Failed(
                        f"more than {self.largest} bytes come out of it",
                        where=one_line(member.name),
                        fix="set largest: to more, if it is what it should be",
                        code="too_large",
                    )
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(member.mode & 0o755 | 0o600)
        if member.changed is not None:
            _stamp(path, member.changed)

    def _again(self, way: tuple[str, ...], member: Member) -> None:
        """A second name of a file, or of a link."""
        first = parts(member.link)
        if first == way:
            return
        if first in self.links:
            # It is held against the place where it stands now.
            _within(way, Member(member.name, "link", link=self.links[first]))
            self.links[way] = self.links[first]
            return
        source = self.folder.joinpath(*first)
        if not first or not source.is_file():
            raise _refused(member.name, f"is a link to {one_line(member.link)!r}, which is no file")
        self.links.pop(way, None)
        path = self.folder.joinpath(*way)
        path.unlink(missing_ok=True)
        path.hardlink_to(source)

    def _count(self) -> None:
        self.done.members += 1
        if self.done.members > self.most:
            what = f"has more than {self.most} files and folders"
            raise Failed(what, where="the archive", fix="unpack it by hand", code="too_many")


def parts(name: str) -> tuple[str, ...]:
    """The parts of a member's name. Raises Failed for one that leads out of its folder, or that no
    file can have."""
    found = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/"):
        raise _refused(name, "is absolute")
    if ".." in found:
        raise _refused(name, "leads out of the folder")
    if "\0" in name or (os.name == "nt" and any(sign in name for sign in _WINDOWS)):
        raise _refused(name, "has a character that no file's name may have")
    try:
        sizes = [len(os.fsencode(part)) for part in found]
    except UnicodeEncodeError:
        raise _refused(name, "has a character that no file's name may have") from None
    if any(size > _PART for size in sizes) or sum(sizes) > _NAME or len(found) > _DEEPEST:
        raise _refused(name, "is too long")
    return found


def _within(way: tuple[str, ...], member: Member) -> None:
    """Raises Failed for a link that leads out of the folder. `..` may only come first: after a name
    it would be that of whatever the name leads to."""
    target, name = member.link, member.name
    steps = [part for part in target.split("/") if part not in ("", ".")]
    up = next((at for at, part in enumerate(steps) if part != ".."), len(steps))
    odd = not target or "\0" in target or len(os.fsencode(target)) > LINK
    if odd or target.startswith("/") or up > len(way) - 1 or ".." in steps[up:]:
        raise _refused(name, f"is a link to {one_line(target, 100)!r}, out of the folder")
    if os.name == "nt" and any(sign in target for sign in _WINDOWS):
        raise _refused(name, f"is a link to {one_line(target, 100)!r}, out of the folder")


def _stamp(path: Path, changed: float) -> None:
    try:
        os.utime(path, (changed, changed))
    except (OSError, OverflowError, ValueError):
        return  # a time that no clock here knows


def _refused(name: str, why: str) -> Failed:
    fix = "do not trust it; unpack it by hand if you must"
    return Failed(f"was not unpacked: {one_line(name, 200)!r} {why}", fix=fix, code="hostile")


def _explained(folder: Path, name: str, error: OSError) -> Exception:
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return _refused(name, "is a file and a folder")
    if isinstance(error, PermissionError) and folder.joinpath(*parts(name)).is_dir():
        return _refused(name, "is a file and a folder")  # what macOS says of it
    return unusable(folder, error, "name another place")
