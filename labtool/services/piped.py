"""A program at one end of a stream: what it prints, as it comes, or what it is given to read; or
at both, asked one thing after the other. Ended with all that it started, and where it has stood
still for too long.
"""

import os
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from labtool.core.errors import Failed, Temporary
from labtool.core.text import one_line

_CHUNK = 1024 * 1024
# Of what a program complains, the end: bytes.
_SAID = 8192
# What is kept of the answer of a program that is fed: bytes.
_ANSWER = 32 * 1024 * 1024


class EndedError(Failed):
    """A program ended with another status than 0; `said` is what it complained of."""

    def __init__(self, name: str, status: int, said: str) -> None:
        last = one_line(said.strip().rpartition("\n")[2], 300)
        what = f"ended with status {status}{f': {last}' if last else ''}"
        super().__init__(what, where=name, fix="run it by hand", code="program")
        self.status = status
        self.said = said


def found(names: Sequence[str], package: str) -> str:
    """The first of these programs that is installed. Raises Failed with the package."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/bin"
    for name in names:
        program = shutil.which(name, path=path)
        if program:
            return program
    fix = f"sudo apt install {package}"
    raise Failed("is not installed", where=names[0], fix=fix, code="no_program")


def output(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    silent: float = 900.0,
    allowed: Sequence[int] = (0,),
    said: list[str] | None = None,
) -> Generator[bytes, None, int]:
    """What a program prints; the generator's value is its status. Raises EndedError once it
    ended with a status that is not `allowed`, and Temporary where nothing came for `silent`
    seconds. `said` gets what it complained of, by lines."""
    with _started(command, env, subprocess.DEVNULL, subprocess.PIPE) as (process, complaints):
        assert process.stdout is not None
        handle = process.stdout.fileno()
        while True:
            if not select.select([handle], [], [], silent)[0]:
                raise _still(command, silent)
            data = os.read(handle, _CHUNK)
            if not data:
                break
            yield data
        status = _end(command, process, complaints, silent, allowed)
        if said is not None:
            complaints.seek(0)
            said += complaints.read(_ANSWER).decode("utf-8", "replace").splitlines()
        return status


def fed(
    command: Sequence[str],
    chunks: Iterable[bytes],
    *,
    env: Mapping[str, str] | None = None,
    silent: float = 900.0,
) -> bytes:
    """Give a program its input; what it printed. Raises EndedError and Temporary as `output`,
    and what `chunks` raises: then the program never sees the end of its input."""
    with (
        tempfile.TemporaryFile() as answer,
        _started(command, env, subprocess.PIPE, answer) as (process, complaints),
    ):
        assert process.stdin is not None
        handle = process.stdin.fileno()
        os.set_blocking(handle, False)
        with suppress(BrokenPipeError):  # why it stopped to read is what it says
            for chunk in chunks:
                _pour(handle, chunk, command, silent)
        with suppress(BrokenPipeError):
            process.stdin.close()
        _end(command, process, complaints, silent)
        answer.seek(0)
        return answer.read(_ANSWER)


class Talk:
    """A program that stays open, and answers in lines what it is asked in lines. `echo` makes
    it print a line that only ends an answer, from what that line is to be."""

    def __init__(
        self,
        command: Sequence[str],
        process: "subprocess.Popen[bytes]",
        complaints: IO[bytes],
        echo: Callable[[str], str],
        silent: float,
    ) -> None:
        self._command, self._process, self._complaints = command, process, complaints
        self._echo, self._silent = echo, silent

    def ask(self, text: str) -> list[str]:
        """The lines of its answer. Raises EndedError where it ended instead, and Temporary."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        to, of = self._process.stdin.fileno(), self._process.stdout.fileno()
        mark = f"end of answer {secrets.token_hex(8)}"
        end = f"{mark}\n".encode()
        left, answer = memoryview(f"{text}\n{self._echo(mark)}\n".encode()), bytearray()
        while not answer.endswith(end):
            # It may answer the first of it before it takes the last.
            readable, writable, _ = select.select([of], [to] if left else [], [], self._silent)
            if not readable and not writable:
                raise _still(self._command, self._silent)
            if writable:
                with suppress(BlockingIOError, BrokenPipeError):
                    left = left[os.write(to, left[: 64 * 1024]) :]
            if readable:
                data = os.read(of, _CHUNK)
                if not data:
                    _end(self._command, self._process, self._complaints, self._silent)
                    raise EndedError(os.path.basename(self._command[0]), 0, "ended too early")  # noqa: PTH119  (a string is a program's name)
                answer += data
        return answer[: -len(end)].decode("utf-8", "replace").split("\n")[:-1]


@contextmanager
def talk(
    command: Sequence[str],
    echo: Callable[[str], str],
    *,
    env: Mapping[str, str] | None = None,
    silent: float = 900.0,
) -> Iterator[Talk]:
    """A program to talk to until the block ends."""
    with _started(command, env, subprocess.PIPE, subprocess.PIPE) as (process, complaints):
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        yield Talk(command, process, complaints, echo, silent)


def _pour(handle: int, chunk: bytes, command: Sequence[str], silent: float) -> None:
    view = memoryview(chunk)
    while view:
        if not select.select([], [handle], [], silent)[1]:
            raise _still(command, silent)
        with suppress(BlockingIOError):
            view = view[os.write(handle, view[: 64 * 1024]) :]


@contextmanager
def _started(
    command: Sequence[str], env: Mapping[str, str] | None, stdin: int, stdout: int | IO[bytes]
) -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes]]]:
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=complaints,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            what = f"cannot be started ({why})"
            raise Failed(what, where=command[0], fix="check its name", code="program") from None
        try:
            yield process, complaints
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)


def _end(
    command: Sequence[str],
    process: "subprocess.Popen[bytes]",
    complaints: IO[bytes],
    silent: float,
    allowed: Sequence[int] = (0,),
) -> int:
    try:
        status = process.wait(silent)
    except subprocess.TimeoutExpired:
        raise _still(command, silent) from None
    if status not in allowed:
        complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _SAID))
        said = complaints.read().decode("utf-8", "replace")
        raise EndedError(os.path.basename(command[0]), status, said)  # noqa: PTH119  (a string is a program's name)
    return status


def _still(command: Sequence[str], silent: float) -> Temporary:
    what = f"stood still for {silent:g} s, and was ended"
    return Temporary(what, where=command[0], code="program")
