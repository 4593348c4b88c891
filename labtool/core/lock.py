"""One process at a time: locks that end with the process that holds them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labtool.core.errors import AlreadyRunning
from labtool.core.files import make_folder, unusable

# Not `sys.platform`: so the tests can see what happens where there is none.
fcntl: Any
msvcrt: Any
try:
    import fcntl
except ImportError:
    fcntl = None
    import msvcrt

_LOOK = 0.05


@contextmanager
def hold(
    folder: Path, name: str, *, wait: bool = False, seconds: float = 0, what: str = ""
) -> Iterator[None]:
    """Hold the lock `name` of a state folder; the kernel lets go of it whatever kills the
    process. Raises AlreadyRunning when another process has it, which calls it `what`,
    unless told to `wait`, or has it still after so many `seconds`."""
    path = make_folder(folder / "locks") / f"{name}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        end = time.monotonic() + seconds
        while not _locked(handle, wait=wait):
            if not wait and time.monotonic() >= end:
                raise AlreadyRunning(f"{what or name} is running already; nothing to do")
            time.sleep(_LOOK)
        yield
    finally:
        os.close(handle)


@contextmanager
def share(folder: Path, name: str) -> Iterator[bool]:
    """Hold the lock `name` together with others who share it; whether nobody else has it at
    this moment. Who must know that for longer keeps others from coming by a lock of its own."""
    if fcntl is None:
        with hold(folder, name, wait=True):
            yield True
        return
    path = make_folder(folder / "locks") / f"{name}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        alone = _locked(handle, wait=False)
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield alone
    finally:
        os.close(handle)


def _locked(handle: int, *, wait: bool) -> bool:
    if fcntl is None:
        # Windows' own waits for ten seconds at most; `hold` asks again.
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _is_locked(handle: int) -> bool:
    if fcntl is None:
        return not _locked(handle, wait=False)
    # Shared first, which is in nobody's way; then whether others share it.
    for kind in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a disk of the network, and a file that may only be read
            return False
    return False


def held(folder: Path, name: str) -> bool:
    """Whether some process holds the lock now."""
    try:
        mode = os.O_RDWR if fcntl is None else os.O_RDONLY
        handle = os.open(folder / "locks" / f"{name}.lock", mode)
    except OSError:
        return False
    try:
        return _is_locked(handle)
    finally:
        os.close(handle)
