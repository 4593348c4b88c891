"""The processes of a run, found and ended whatever they did: those of its session, those below
them, and those that have its mark in their environment (Linux's proc(5)).
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# In the environment of every process of a run.
MARK = "LABTOOL_JOB"
_PROC = Path("/proc")
_LOOK = 0.02


def processes(token: str, leader: int | None = None, name: str = MARK) -> set[int]:
    """The processes of the run with this token in its mark, or another `name` than the mark's;
    `leader` is that of its session. None where there is no proc(5)."""
    marked = f"{name}={token}".encode()
    parents: dict[int, int] = {}
    found = set[int]()
    for pid, parent, session in _all():
        parents[pid] = parent
        if leader in (session, pid) or marked in _environment(pid):
            found.add(pid)
    grown = True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return found - {os.getpid()}


def end(token: str, leader: int | None, grace: float, name: str = MARK) -> None:
    """End them all: told to at first, killed after `grace` seconds, until none is left."""
    _send(token, leader, name, signal.SIGTERM)
    if grace:
        _wait(token, leader, name, grace)
    stop = time.monotonic() + 10
    while _send(token, leader, name, signal.SIGKILL) and time.monotonic() < stop:
        # Some may have started others meanwhile.
        time.sleep(_LOOK)


def _send(token: str, leader: int | None, name: str, number: int) -> bool:
    found = processes(token, leader, name)
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return bool(found)


def _wait(token: str, leader: int | None, name: str, seconds: float) -> None:
    stop = time.monotonic() + seconds
    while processes(token, leader, name) and time.monotonic() < stop:
        time.sleep(_LOOK)


def _all() -> Iterator[tuple[int, int, int]]:
    """Each process that runs: its number, its parent's, its session's."""
    for entry in os.scandir(_PROC) if _PROC.is_dir() else ():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                text = Path(entry.path, "stat").read_bytes()
                state, parent, _, session, *_ = text.rpartition(b")")[2].split()
                if state not in (b"Z", b"X"):
                    yield int(entry.name), int(parent), int(session)


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
