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


def local(source: Path, target: Path, context: Context, *, named_by_source: bool = False) -> None:
    """Copy a file, or a folder with what is in it; the target may be `named_by_source`. Raises
    Failed, StateError, Ended."""
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
            # What was named is where somebody wants it; what is in there is not for a link to say.
            if not _one(path, there, context, inner=bool(name) or named_by_source):
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
            # What is there is of an earlier attempt, or a link that was copied: nothing is written
            # through it.
            aside.unlink(missing_ok=True)
            with aside.open("xb") as file:
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
    """Take it away, with all that is in it. Raises StateError."""
    try:
        with suppress(FileNotFoundError):
            if source.is_dir() and not source.is_symlink():
                shutil.rmtree(source)
            else:
                source.unlink()
    except OSError as error:
        raise _explained(source, error) from error


def _one(path: Path, there: Path, context: Context, *, inner: bool) -> bool:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        if there.is_symlink() and there.readlink() == path.readlink():
            return True
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        there.symlink_to(path.readlink())
        return True
    if stat.S_ISDIR(status.st_mode):
        if inner and there.is_symlink():
            fix = "take it away, or name another place"
            raise Failed("is a link where a folder would be", where=str(there), fix=fix)
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
# What a file was when it was read.
Stamp = tuple[int, int, int]


def put_all(source: Path, key: str, put: Put, context: Context) -> dict[Path, Stamp]:
    """Hand every file to `put`, below a key; what was. A link's file is, where it is below the
    source. Raises Failed, Ended, and what `put` raises."""
    if not source.exists():
        raise Failed("is not there", where=str(source), fix="look at what was to make it")
    if source.is_symlink() and source.is_dir():
        raise Failed("is a link to a folder", where=str(source), fix="name the folder itself")
    base, done, odd = base_of(source, key), dict[Path, Stamp](), list[str]()
    top = os.path.realpath(source)
    for path, name in walked(source):
        is_below = os.path.commonpath([top, os.path.realpath(path)]) == top
        if path.is_dir() and is_below:
            continue  # what is in it comes by itself
        if not (path.is_file() and is_below):
            odd.append(str(path))
            continue
        context.check()
        before = _stamp(path)
        put(f"{base}/{name}" if name else base, chunks(path, context))
        done[path] = before
    if odd:
        raise _left("is no file, or a link that leads out", odd)
    return done


def base_of(source: Path, key: str) -> str:
    """The key that a source becomes, or that all of it is below."""
    return f"{key}{source.name}" if not key or key.endswith("/") else key


def remove_put(source: Path, done: dict[Path, Stamp]) -> None:
    """Take away what was handed over, and is as it was then. Raises Failed where something came or
    changed meanwhile, which is left, and StateError."""
    changed = []
    try:
        for path, before in done.items():
            with suppress(FileNotFoundError):
                if _stamp(path) != before:
                    changed.append(str(path))
                else:
                    path.unlink()
    except OSError as error:
        raise _explained(source, error) from error
    if source.is_dir() and not source.is_symlink():
        for folder, folders, _ in os.walk(source, topdown=False):
            with suppress(OSError):
                for name in folders:
                    if (Path(folder) / name).is_symlink():
                        (Path(folder) / name).unlink()  # to what is below the source
                Path(folder).rmdir()
    if source.is_dir() and not source.is_symlink():
        came = [str(path) for path, _ in walked(source) if not path.is_dir()]
        changed += came or [str(source)]
    if changed:
        raise _left("changed or came while it was moved", list(dict.fromkeys(changed)))


def _left(why: str, paths: list[str]) -> Failed:
    what = f"{why}, and was left: {', '.join(paths[:5])}"
    return Failed(what, fix="check them, and try again", code="left")


def _stamp(path: Path) -> Stamp:
    status = path.lstat()
    return status.st_size, status.st_mtime_ns, status.st_ino
