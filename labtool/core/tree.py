"""The processes of a run, found and ended whatever they did: those of its session, those below
them, and those that have its mark (Linux's proc(5)): in their environment, or as their limit of
file locks, which Linux no longer heeds, and which a process keeps that leaves all else behind.
"""

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

# In the environment of every process of a run.
MARK = "LABTOOL_JOB"
_LIMIT = re.compile(rb"^Max file locks +(\d+) ", re.MULTILINE)
_PROC = Path("/proc")
_LOOK = 0.02


def marking(token: str) -> str:
    """The line by which a shell marks itself, and what it starts."""
    return f"ulimit -Sx {_number(token)} 2>/dev/null"


def _number(token: str) -> int:
    return int(token[:15], 16)


def began(pid: int) -> int:
    """When a process was started, as the kernel counts; 0 where it is not known."""
    return next((since for one, _, _, since in _all((str(pid),)) if one == pid), 0)


def processes(token: str, leader: int | None = None, since: int = 0, name: str = MARK) -> set[int]:
    """The processes of the run with this token in its mark, or another `name` than the mark's;
    `leader` is that of its session, and `since` when it began: none of them is older. None where
    there is no proc(5)."""
    marked, limit = f"{name}={token}".encode(), _number(token)
    parents: dict[int, int] = {}
    found = set[int]()
    for pid, parent, session, start in _all():
        if start < since:
            continue
        parents[pid] = parent
        if leader in (session, pid) or marked in _environment(pid) or _limit(pid) == limit:
            found.add(pid)
    grown = True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return found - {os.getpid()}


def end(token: str, leader: int | None, grace: float, since: int = 0, name: str = MARK) -> None:
    """End them all: told to at first, killed after `grace` seconds, until none is left."""
    _send(token, leader, since, name, signal.SIGTERM)
    if grace:
        _wait(token, leader, since, name, grace)
    stop = time.monotonic() + 10
    while _send(token, leader, since, name, signal.SIGKILL) and time.monotonic() < stop:
        # Some may have started others meanwhile.
        time.sleep(_LOOK)


def _send(token: str, leader: int | None, since: int, name: str, number: int) -> bool:
    found = processes(token, leader, since, name)
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return bool(found)


def _wait(token: str, leader: int | None, since: int, name: str, seconds: float) -> None:
    stop = time.monotonic() + seconds
    while processes(token, leader, since, name) and time.monotonic() < stop:
        time.sleep(_LOOK)


def _all(names: Sequence[str] = ()) -> Iterator[tuple[int, int, int, int]]:
    """Each process that runs: its number, its parent's, its session's, and when it began."""
    for name in names or [e.name for e in (os.scandir(_PROC) if _PROC.is_dir() else ())]:
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                text = (_PROC / name / "stat").read_bytes()
                state, parent, _, session, *rest = text.rpartition(b")")[2].split()
                if names or state not in (b"Z", b"X"):
                    yield int(name), int(parent), int(session), int(rest[15])


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _limit(pid: int) -> int:
    try:
        found = _LIMIT.search((_PROC / str(pid) / "limits").read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0
