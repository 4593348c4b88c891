"""Copying files: written aside, and then put in place; what is there already is not copied again,
so that a copy which was interrupted goes on. Links are copied as links.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from labtool.core.errors import Failed, StateError
from labtool.core.files import unusable
from labtool.tasks.workflow.activities._base import Context

_CHUNK = 1024 * 1024


def target_of(source: Path, to: str) -> Path:
    """What a source becomes: `to`, or what has its name in there."""
    into = to.endswith("/") or (Path(to).is_dir() and not source.is_dir())
    return Path(to) / source.name if into else Path(to)


def local(source: Path, target: Path, context: Context) -> None:
    """Copy a file, or a folder with what is in it. Raises Failed, StateError, Ended."""
    if not source.is_symlink() and not source.exists():
        raise Failed("is not there", where=str(source), fix="look at what was to make it")
    real, into = os.path.realpath(source), os.path.realpath(target)
    if real == into:
        raise Failed("is the same as its copy", where=str(source), fix="name another place")
    if source.is_dir() and os.path.commonpath([real, into]) == real:
        raise Failed("would be copied into itself", where=str(source), fix="name another place")
    odd = []
    for path, name in walked(source):
        context.check()
        context.beat()
        there = target / name if name else target
        try:
            if not _one(path, there, context):
                odd.append(str(path))
        except OSError as error:
            if error.filename and str(error.filename).startswith(str(source)):
                odd.append(f"{path} ({error.strerror})")
                continue
            raise _explained(there, error) from error
    if odd:
        raise Failed(f"was not copied: {', '.join(odd[:5])}", fix="check them", code="unread")


def walked(source: Path) -> Iterator[tuple[Path, str]]:
    """A file alone; or a folder and all below it, each with its name there."""
    yield source, ""
    if source.is_symlink() or not source.is_dir():
        return
    for folder, folders, files in os.walk(source):
        for name in sorted((*folders, *files)):
            path = Path(folder) / name
            yield path, str(path.relative_to(source))


def chunks(path: Path, context: Context) -> Iterator[bytes]:
    """A file's content. Raises Failed, Ended."""
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                context.check()
                context.beat()
                yield data
    except OSError as error:
        why = error.strerror or "unreadable"
        raise Failed(f"cannot be read ({why})", where=str(path), fix="check it") from error


def keep(path: Path, content: Iterator[bytes], mode: int = 0o644) -> None:
    """Put content in place of a file, whole or not at all. Raises StateError, and what the content
    raises."""
    aside = path.with_name(f".{path.name[:200]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                for data in content:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.chmod(mode)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise _explained(path, error) from error


def digest(path: Path, context: Context) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    for data in chunks(path, context):
        found.update(data)
    return found.hexdigest()


def same(source: Path, target: Path, context: Context) -> None:
    """Raises Failed where a copy is not equal to what it is of."""
    for path, name in walked(source):
        there = target / name if name else target
        if path.is_symlink():
            equal = there.is_symlink() and path.readlink() == there.readlink()
        elif path.is_dir():
            equal = there.is_dir()
        else:
            equal = there.is_file() and digest(path, context) == digest(there, context)
        if not equal:
            raise Failed("is another than its copy", where=str(path), fix="was it changed?")


def remove(source: Path) -> None:
    """Take it away, with all that is in it."""
    with suppress(FileNotFoundError):
        if source.is_dir() and not source.is_symlink():
            shutil.rmtree(source)
        else:
            source.unlink()


def _one(path: Path, there: Path, context: Context) -> bool:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        if there.is_symlink() and there.readlink() == path.readlink():
            return True
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        there.symlink_to(path.readlink())
        return True
    if stat.S_ISDIR(status.st_mode):
        there.mkdir(parents=True, exist_ok=True)
        return True
    if not stat.S_ISREG(status.st_mode):
        return False
    with suppress(FileNotFoundError):
        old = there.lstat()
        if (old.st_size, int(old.st_mtime)) == (status.st_size, int(status.st_mtime)):
            return True
    keep(there, chunks(path, context), stat.S_IMODE(status.st_mode))
    os.utime(there, (status.st_atime, status.st_mtime))
    return True


def _explained(path: Path, error: OSError) -> StateError:
    return unusable(path, error, "name another place")


Put = Callable[[str, Iterator[bytes]], None]


def put_all(source: Path, key: str, put: Put, context: Context) -> None:
    """Hand every file to `put`, below a key. Raises Failed, Ended, and what `put` raises."""
    if not source.exists():
        raise Failed("is not there", where=str(source), fix="look at what was to make it")
    base = f"{key}{source.name}" if not key or key.endswith("/") else key
    for path, name in walked(source):
        if path.is_file():
            context.check()
            put(f"{base}/{name}" if name else base, chunks(path, context))
