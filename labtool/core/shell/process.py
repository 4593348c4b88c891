"""One run of a script: bash in its own session, with a timeout, until nothing of it is left."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from labtool.core import tree
from labtool.core.errors import Failed
from labtool.core.files import make_folder, unusable
from labtool.core.shell.output import Output
from labtool.core.shell.template import Script

# Of this process's environment: what says where programs and people are, and no secret.
_PASSED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
# Seconds: between looks, what a process has to end by itself, what its output has to end after it.
_LOOK, _GRACE, _DRAIN = 0.02, 5.0, 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, and where: `folder` is its working folder, `logs` the run's own; seconds."""

    shell: Sequence[str]
    script: Script
    arguments: Mapping[str, str]
    environment: Mapping[str, str]
    folder: Path
    logs: Path
    token: str
    timeout: float
    most: int
    # What to look at where it cannot be started.
    advice: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: `why` it was ended, if it was; the ends of what it printed."""

    status: int
    why: str
    out: bytes
    err: bytes


def run(plan: Plan, stop: Callable[[], str]) -> Ended:
    """Run it. `stop` says, asked all the time, why it is to be ended; empty: it is not. Raises
    Failed where it cannot be started, and StateError where its logs cannot be written."""
    make_folder(plan.folder)
    make_folder(plan.logs)
    with _given(plan) as given:
        process, outputs = _start(plan, given)
    since = tree.began(process.pid)
    try:
        why = _watch(plan, process, stop, since)
    finally:
        # What it has left behind goes with it.
        tree.end(plan.token, process.pid, 0, since)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    for output in outputs:
        output.join(_DRAIN)
    status = process.returncode if process.returncode is not None else -9
    out, err = (output.tail for output in outputs)
    return Ended(status, why, out, err)


@contextmanager
def _given(plan: Plan) -> Iterator[IO[bytes]]:
    """The arguments as bash reads them: in memory where the system has that, as a disk may be
    full. Raises StateError."""
    values = [_bytes(plan.arguments[name]) for name in plan.script.parameters]
    try:
        given = _file()
        given.write(b"".join(value.replace(b"\0", b"") + b"\0" for value in values))
        given.seek(0)
    except OSError as error:
        # Where no folder will do, tempfile cannot say which it is.
        where = Path(error.filename or os.environ.get("TMPDIR", "TMPDIR"))
        raise unusable(where, error, "set TMPDIR") from error
    with given:
        yield given


def _file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("labtool"), "w+b")
    return tempfile.TemporaryFile()


def _bytes(value: str) -> bytes:
    """As it came: what was said at a terminal may be no UTF-8."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _start(plan: Plan, given: IO[bytes]) -> tuple["subprocess.Popen[bytes]", list[Output]]:
    environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
    environment["PATH"] = _with_labtool(environment.get("PATH", os.defpath))
    environment |= {**plan.environment, tree.MARK: plan.token}
    outputs: list[Output] = []
    writing: list[int] = []
    try:
        for name in ("stdout", "stderr"):
            reading, end = os.pipe()
            writing.append(end)
            try:
                outputs.append(Output(reading, plan.logs / name, plan.most))
            except OSError as error:
                os.close(reading)
                raise unusable(plan.logs, error) from error
        process = _popen(plan, given, writing, environment)
    except BaseException:
        for output in outputs:
            output.close()
        raise
    finally:
        for end in writing:
            os.close(end)
    for output in outputs:
        output.start()
    return process, outputs


def _with_labtool(path: str) -> str:
    """Where programs are, of which labtool itself is one: cron knows nothing of where it is."""
    own = str(Path(sys.executable).parent)
    return path if own in path.split(os.pathsep) else f"{path}{os.pathsep}{own}"


def _popen(
    plan: Plan, given: IO[bytes], writing: Sequence[int], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            [*plan.shell, "-c", f"{tree.marking(plan.token)}\n{plan.script.text}"],
            cwd=plan.folder,
            env=environment,
            stdin=given if plan.script.parameters else subprocess.DEVNULL,
            stdout=writing[0],
            stderr=writing[1],
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        what = f"cannot be started ({why})"
        raise Failed(what, where=plan.shell[0], fix=plan.advice) from None


def _watch(
    plan: Plan, process: "subprocess.Popen[bytes]", stop: Callable[[], str], since: int
) -> str:
    """Wait for its end, or bring it about; why."""
    end = time.monotonic() + plan.timeout
    rest = _LOOK / 10
    while process.poll() is None:
        why = stop()
        if not why and time.monotonic() > end:
            why = f"it took longer than {plan.timeout:g} s"
        if why:
            tree.end(plan.token, process.pid, _GRACE, since)
            return why
        with suppress(subprocess.TimeoutExpired):
            process.wait(rest)
        rest = min(_LOOK * 5, rest * 1.5)
    return ""
