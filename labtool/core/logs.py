"""How long what labtool and its programs print is kept: as it is, then compressed, then no more.

A file that any process has open is left as it is. Where the system cannot tell (not Linux, some
network disks), nothing is compressed.
"""

import gzip
import os
import shutil
import signal
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from labtool.core.text import clean

_DAY = 86400.0
# Seconds. What jobs and workflows print goes when they are forgotten, by their own `keep`.
PLAIN, KEPT = 7 * _DAY, 30 * _DAY
_PACKED, _ASIDE = ".gz", ".tmp"


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many files were compressed, and how many removed."""

    compressed: int
    removed: int


def packed(path: Path) -> Path:
    """Where a log is once it is compressed."""
    return path.with_name(path.name + _PACKED)


def read(path: Path) -> bytes:
    """All of a log, compressed or not. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not packed(path).is_file():
            raise
    try:
        return gzip.decompress(packed(path).read_bytes())
    except (EOFError, zlib.error) as error:
        raise OSError(f"{packed(path)} is damaged ({error})") from None


def end(path: Path, most: int) -> str:
    """The last `most` characters of a log, cleaned; empty where it cannot be read."""
    try:
        # A character has at most four bytes.
        raw = read(path)[-4 * most :]
    except OSError:
        return ""
    return clean(raw.decode("utf-8", "replace")).rstrip()[-most:]


def tidy(state: Path, most: int | None = None, *folders: Path) -> Tidied:
    """Remove the logs of a state that are older than is kept, and compress, in it and in other
    `folders`, those of more than a week; `most` at once, so that no short run takes long. By the
    machine's clock. What cannot be done is left to the next time."""
    base, now = state / "logs", time.time()
    runs = [*_files(base / "runs"), *(one for one in _files(base) if one.name.startswith("bug-"))]
    removed = sum(_remove(one) for one in runs if _age(one, now) > KEPT)
    every = (one for folder in (base, *folders) for one in _below(folder))
    old = (one for one in every if _is_plain(one) and _age(one, now) > PLAIN)
    return Tidied(sum(compress(one) for one in islice(old, most)), removed)


def compress(path: Path) -> bool:
    """Put a compressed log in the place of a plain one, of the same time and mode; False where
    it is in use, or this cannot be done. Whoever reads meanwhile sees one of them, whole."""
    try:
        before = path.stat()
        if not _is_closed(path):
            return False
        _write(path, before)
        if _same(before, path.stat()) and _is_closed(path):
            path.unlink()
            return True
        packed(path).unlink()
    except OSError:
        pass  # gone meanwhile, or the disk is full
    return False


def _write(path: Path, before: os.stat_result) -> None:
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_ASIDE)
    try:
        with os.fdopen(handle, "wb") as file:
            with path.open("rb") as plain, gzip.GzipFile("", "wb", fileobj=file) as zipped:
                shutil.copyfileobj(plain, zipped)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(stat.S_IMODE(before.st_mode))
        os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
        Path(aside).replace(packed(path))
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("st_ino", "st_size", "st_mtime_ns")
    )


def _is_closed(path: Path) -> bool:
    """Whether the system says that no process has it open: it gives a lease only then."""
    try:
        from fcntl import F_SETLEASE, F_SETSIG, F_UNLCK, F_WRLCK, fcntl
    except ImportError:
        return False
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # Whoever opens it now is told to us by a signal: by default that one would end us.
        fcntl(handle, F_SETSIG, signal.SIGURG)
        fcntl(handle, F_SETLEASE, F_WRLCK)
        fcntl(handle, F_SETLEASE, F_UNLCK)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if not one.is_dir()]
    except OSError:
        return []


def _is_plain(path: Path) -> bool:
    try:
        return path.suffix not in (_PACKED, _ASIDE) and stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _age(path: Path, now: float) -> float:
    try:
        return now - path.lstat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> bool:
    with suppress(OSError):
        path.unlink()
        return True
    return False
