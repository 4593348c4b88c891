"""Running timers here, each as its own process.

A slot is marked as handled when its process has ended, not when it starts: a run that is
killed between is made again. That is safe, as no task does twice what it has done (a
message's key is sent once), while the other order would lose the slot.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Protocol
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer
from labtool.core.errors import FAILED, OK, TEMPORARY, USAGE, AlreadyRunning
from labtool.core.lock import hold
from labtool.tasks.timers.command import TIMER_VARIABLE, command_lines
from labtool.tasks.timers.due import decide

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Marks(Protocol):
    """For each timer, the last scheduled instant (UTC) that was handled."""

    def get(self, name: str) -> datetime | None:
        """The mark of a timer; None when it has none."""

    def set(self, name: str, moment: datetime) -> None:
        """Store the mark of a timer."""


@dataclass(frozen=True, slots=True)
class Job:
    """One process to be: a timer's name, its command as the config writes it, and the
    arguments that start it."""

    name: str
    run: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a timer's process ended: its exit status, 128 + N when signal N killed it."""

    name: str
    status: int


def jobs(
    timers: Mapping[str, Timer],
    *,
    program: Sequence[str],
    config: Path,
    extra: Sequence[str] = (),
) -> list[Job]:
    """The processes of timers. `extra` arguments (`--dry-run`) are added to each command.
    Raises ConfigError."""
    return [
        Job(name, timers[name].run, (*line, *extra))
        for name, line in command_lines(timers, program, config).items()
    ]


def run_all(
    todo: Iterable[Job], *, heading: Callable[[Job], None], stdout: int | None = None
) -> list[Ran]:
    """Run these, one after another, whether or not one fails.

    Their output goes where this process's goes, after a `heading`; `stdout` is another file
    descriptor for it. Raises KeyboardInterrupt once the process that runs has ended, when
    this one was told to stop: SIGINT, SIGTERM and SIGHUP are passed on.
    """
    return [_run(job, heading, stdout) for job in todo]


def run_due(
    todo: Iterable[Job],
    timers: Mapping[str, Timer],
    *,
    zone: ZoneInfo,
    now: datetime,
    marks: Marks,
    state: Path,
    heading: Callable[[Job], None],
    stdout: int | None = None,
) -> list[Ran]:
    """Run those that are due at `now`; see `run_all`. Those that were never seen are marked
    and count from now.

    It may itself be started again while it runs, so that one long job does not keep the
    others waiting: each timer has a lock in the `state` folder, and one that another
    process runs or has run meanwhile is left out.
    """
    by_name = {job.name: job for job in todo}
    schedules = {name: timers[name].when for name in by_name}
    decision = decide(schedules, {name: marks.get(name) for name in by_name}, zone, now)
    for name in decision.new:
        marks.set(name, now)
    done = []
    for slot in decision.due:
        try:
            with hold(state, f"timer-{slot.name}"):
                last = marks.get(slot.name)
                if last is not None and last >= slot.scheduled:
                    continue
                done.append(_run(by_name[slot.name], heading, stdout))
                marks.set(slot.name, slot.scheduled)
        except AlreadyRunning:
            continue
    return done


def overall(done: Iterable[Ran]) -> int:
    """One exit status for all: 0 when all are 0; else that a task failed, that the config
    is wrong, or that something was unavailable, in this order."""
    bad = {ran.status for ran in done} - {OK}
    if not bad:
        return OK
    if bad - {USAGE, TEMPORARY}:
        return FAILED
    return USAGE if USAGE in bad else TEMPORARY


def show_heading(job: Job) -> None:
    """Print a rule with the timer's name and command, as wide as the terminal."""
    width = min(shutil.get_terminal_size((80, 24)).columns, 100)
    print(f"── {job.name}: labtool {' '.join(job.run.split())} ".ljust(width, "─"), flush=True)


def _run(job: Job, heading: Callable[[Job], None], stdout: int | None) -> Ran:
    heading(job)
    with _signals_passed_on() as attach:
        try:
            # Its own process group, so that ^C reaches it once: through here.
            process = subprocess.Popen(
                job.arguments,
                env={**os.environ, TIMER_VARIABLE: job.name},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                process_group=0,
            )
        except OSError as error:
            print(f"labtool: {job.name} cannot be started: {error}", file=sys.stderr, flush=True)
            return Ran(job.name, FAILED)
        attach(process)
        status = process.wait()
    return Ran(job.name, status if status >= 0 else 128 - status)


@contextmanager
def _signals_passed_on() -> Iterator[Callable[["subprocess.Popen[bytes]"], None]]:
    """Pass signals on to the process that is attached. When it has ended and there was
    one, KeyboardInterrupt."""
    received: list[int] = []
    attached: list[subprocess.Popen[bytes]] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for process in attached:
            _signal_group(process, number)

    def attach(process: "subprocess.Popen[bytes]") -> None:
        attached.append(process)
        for number in tuple(received):
            _signal_group(process, number)

    heard = (number for number in _PASSED_ON if signal.getsignal(number) != signal.SIG_IGN)
    before = {number: signal.signal(number, receive) for number in heard}
    try:
        yield attach
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise KeyboardInterrupt


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, number)
