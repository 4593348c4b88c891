"""What a task that stays in the foreground needs beside the run boundary: admins who hear of
trouble while it goes on, and an end that systemd and ^C both understand.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

from labtool.core.errors import LabtoolError
from labtool.core.log import complain
from labtool.core.outbox import Outbox
from labtool.core.run import attempt, bug
from labtool.core.task import Run
from labtool.core.telling import tell

T = TypeVar("T")
# Seconds for which a file may be away that somebody is writing.
_AWAY = 2.0


@dataclass(slots=True)
class Round:
    """What is done again and again, after so many seconds, and at first."""

    every: float
    work: Callable[[], object]
    _last: float | None = None

    def look(self) -> None:
        """Do it where it is time."""
        now = time.monotonic()
        if self._last is None or now - self._last >= self.every:
            self._last = now
            self.work()


@dataclass(slots=True)
class Fresh(Generic[T]):
    """What a config's file says, for who stays; `again` reads it. What was read before holds
    while it cannot be read, which is said once for each reason, and when it is over."""

    path: Path
    again: Callable[[], T]
    _seen: tuple[int, ...] = ()
    _away: float | None = None
    _trouble: str = ""

    def look(self) -> T | None:
        """What it says now, where it is another file than at the last look, and can be read."""
        try:
            found = self.path.stat()
        except OSError as error:
            now = time.monotonic()
            self._away = now if self._away is None else self._away
            if now - self._away > _AWAY:
                self._say(f"{self.path} cannot be read ({error.strerror})")
            return None
        seen, self._seen = self._seen, (found.st_mtime_ns, found.st_size, found.st_ino)
        was_away, self._away = self._away is not None, None
        if not seen or (seen == self._seen and not was_away):
            return None
        try:
            value = self.again()
        except LabtoolError as error:
            self._say(str(error))
            return None
        self._say("")
        return value

    def _say(self, trouble: str) -> None:
        before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            complain(f"the config as it was goes on: {trouble}")
        elif before and not trouble:
            complain("the config can be read again")


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
