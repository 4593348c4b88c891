"""Running a program of the lab's for what it prints: bounded in time and size, and ended with
all that it started, whatever ends labtool meanwhile.
"""

import atexit
import os
import secrets
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labtool.core import tree
from labtool.core.errors import Failed, Temporary
from labtool.core.text import one_line

_LARGEST = 20 * 1024 * 1024
_CHUNK = 64 * 1024
# Seconds: between two looks whether it has ended while something else holds its pipes, and for
# what is in these then.
_LOOK, _DRAIN = 0.1, 1.0
# In the environment of all that a program starts, where that is to end with it.
_MARK = "LABTOOL_PROGRAM"


@dataclass(slots=True)
class _Running:
    """A program, and its session; `token` is the mark of what it starts, if that ends with it."""

    token: str
    process: "subprocess.Popen[bytes] | None" = None

    def end(self) -> None:
        """End it, with what it has left behind."""
        pid = self.process.pid if self.process else None
        if pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        if self.token:
            tree.end(self.token, None, 0, name=_MARK)


@dataclass(slots=True)
class _Printed:
    """What came from a program's pipes so far, by pipe."""

    parts: dict[int, bytearray] = field(default_factory=dict)

    def take(self, pipe: int) -> bool:
        """Read what is there now; whether more may come."""
        try:
            chunk = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return True
        held = self.parts.setdefault(pipe, bytearray())
        held += chunk
        if len(held) > _LARGEST:
            raise Failed("prints more than 20 MB", code="too_large")
        return bool(chunk)


def run(command: Sequence[str], folder: Path, seconds: float, *, whole: bool = False) -> bytes:
    """What a program prints until it ends. No shell is involved. What it leaves behind in its
    session ends with it; with `whole` also what has left that, such as a daemon.

    Raises Failed where it cannot be started, ends with another status than 0, or prints more
    than 20 MB; Temporary where it does not end in time.
    """
    name = command[0]
    running = _Running(secrets.token_hex(16) if whole else "")
    # ^C and SIGTERM end labtool while a thread of it waits here.
    end = partial(_Running.end, running)
    atexit.register(end)
    try:
        process = running.process = _started(command, folder, running.token)
        out, err = _read(process, time.monotonic() + seconds)
        status = process.wait(1)
    except (TimeoutError, subprocess.TimeoutExpired):
        what = f"gave no answer in {seconds:g} s, and was ended"
        raise Temporary(what, where=name, code="program") from None
    except Failed as error:
        error.where = name
        raise
    finally:
        _close(running, end)
    if status:
        said = one_line(err.decode("utf-8", "replace").strip().rpartition("\n")[2], 200)
        what = f"ended with status {status}{f': {said}' if said else ''}"
        raise Failed(what, where=name, fix="run it by hand", code="program")
    return out


def _started(command: Sequence[str], folder: Path, token: str) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, _MARK: token} if token else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        fix = "check its name and path"
        raise Failed(f"cannot be started ({why})", fix=fix, code="program") from None


def _read(process: "subprocess.Popen[bytes]", end: float) -> tuple[bytes, bytes]:
    """What it prints until it has ended, whoever holds its pipes then. Raises TimeoutError, and
    Failed for too much."""
    assert process.stdout is not None
    assert process.stderr is not None
    pipes = (process.stdout.fileno(), process.stderr.fileno())
    printed = _Printed({pipe: bytearray() for pipe in pipes})
    rest = 0.0
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            os.set_blocking(pipe, False)
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            # Asked first: what it printed before its end is in the pipe by then.
            ended = process.poll() is not None
            rest = rest if ended else _DRAIN + time.monotonic()
            if not ended and time.monotonic() > end:
                raise TimeoutError
            ready = selector.select(0 if ended else _LOOK)
            for key, _ in ready:
                if not printed.take(key.fd):
                    selector.unregister(key.fd)
            if ended and (not ready or time.monotonic() > rest):
                break
    while process.poll() is None:
        if time.monotonic() > end:
            raise TimeoutError
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
    out, err = (bytes(printed.parts[pipe]) for pipe in pipes)
    return out, err


def _close(running: _Running, end: Callable[[], None]) -> None:
    running.end()
    atexit.unregister(end)
    process = running.process
    if process is not None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
