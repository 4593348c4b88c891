"""What a task that stays in the foreground needs beside the run boundary: admins who hear of
trouble while it goes on, and an end that systemd and ^C both understand.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from labtool.core.errors import LabtoolError
from labtool.core.outbox import Outbox
from labtool.core.run import attempt, bug
from labtool.core.task import Run
from labtool.core.telling import tell


@dataclass(slots=True)
class Round:
    """What is done again and again, after so many seconds, and at first."""

    every: float
    work: Callable[[], None]
    _last: float | None = None

    def look(self) -> None:
        """Do it where it is time."""
        now = time.monotonic()
        if self._last is None or now - self._last >= self.every:
            self._last = now
            self.work()


def checkpoint(run: Run, *looked_at: str) -> None:
    """Send what the outbox holds, and tell the admins what is new or over, as the boundary
    does when a run ends. `looked_at` are the topics of errors that would have been met."""
    outbox = run.outbox
    run.outbox = Outbox(run.database)
    run.looked_at.update(looked_at)
    try:
        attempt(run, Run.deliver)
        attempt(run, tell)
    finally:
        run.outbox = outbox
    if run.errors:
        run.counts["troubles"] += len(run.errors)
    # The next checkpoint tells what is new then; this run may go on for weeks.
    run.errors.clear()
    run.looked_at.clear()


def tried(run: Run, topic: str, step: Callable[[], None]) -> bool:
    """Whether a step of the work was done. What it raises, a bug too, becomes an error of the
    run about this topic: a service goes on with the rest."""
    try:
        step()
    except LabtoolError as error:
        found = error
    except Exception as error:  # noqa: BLE001  (a part of the run boundary)
        found = bug(error, run.task)
    else:
        return True
    found.topic = topic
    run.fail(found)
    return False


@contextmanager
def until_told_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` once, from the signal handler, when SIGTERM or ^C comes, or the terminal
    goes. SIGTERM is how a service ends, and no failure; after ^C, KeyboardInterrupt is raised
    at the end."""
    received: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            stop()
        elif len(received) > 2:
            raise KeyboardInterrupt  # whoever presses ^C again and again does not want to wait

    wanted = [signal.SIGTERM, signal.SIGINT]
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:  # not under nohup
        wanted.append(hangup)
    before = {number: signal.signal(number, receive) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGINT in received:
        raise KeyboardInterrupt
