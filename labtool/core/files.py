"""Files that are whole or not there: written aside, flushed to the disk, renamed."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from labtool.core.errors import StateError


def write_atomic(
    path: Path, content: bytes, mode: int = 0o644, unless: Callable[[], bool] | None = None
) -> os.stat_result | None:
    """Replace `path` with `content`. Whoever reads sees the old file or the new one, even
    after a crash. The new file's stat, whatever became of `path` since; None where `unless`,
    asked at the last moment, says so: nothing is replaced then. Raises StateError when the
    disk is full or the folder not writable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).chmod(mode)
            written = Path(aside).stat()
            if unless is not None and unless():
                Path(aside).unlink()
                return None
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise unusable(path, error) from error
    return written


def shortest(path: Path) -> str:
    """A path for people: from the working folder on, where that is shorter."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except (ValueError, OSError):  # another drive, or the working folder is gone
        return str(path)


def make_folder(path: Path) -> Path:
    """The folder, made for this user alone if it is not there. Raises StateError when it
    cannot be."""
    try:
        if not path.parent.exists():
            make_folder(path.parent)
        path.mkdir(0o700, exist_ok=True)
    except OSError as error:
        raise unusable(path, error) from error
    return path


def make_private(path: Path) -> Path:
    """The folder, made if it is not there, and for this user alone if it was for others too.
    Raises StateError when it cannot be."""
    make_folder(path)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
    except OSError as error:
        raise unusable(path, error) from error
    return path


def expand(path: str) -> Path:
    """The path with `~` replaced, as it is where nobody knows the user's home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def unusable(
    path: Path, error: OSError, instead: str = "set lab.state to another folder"
) -> StateError:
    """What a person can do about a folder that cannot be written to; or do `instead`."""
    where = os.fspath(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StateError("the disk is full", where=where, fix="free some space", code="disk_full")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StateError(
            "cannot be written to",
            where=where,
            fix=f"check its owner and mode, or {instead}",
            code="read_only",
        )
    what, fix = f"cannot be used ({error.strerror})", f"check it, or {instead}"
    return StateError(what, where=where, fix=fix, code="state")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
