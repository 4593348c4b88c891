"""Asking many sources at once: each in a thread of its own, with a limit on how long it is
waited for. One that hangs is left behind, and delays and fails no other.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from labtool.core.errors import LabtoolError, Temporary
from labtool.tasks.cache.sources._base import Answer

# More than a lab has sources: those that hang keep their place until their time is up.
AT_ONCE = 64
# Beyond the seconds that a source has by itself: it may be about to say what went wrong.
_GRACE = 5.0

# Asks, given the instant (UTC) at which that begins.
Ask = Callable[[datetime], Answer]
Clock = Callable[[], datetime]


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """One source to ask: its name, how, and how many seconds it has."""

    name: str
    ask: Ask
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: an answer, or an error (a bug too); when it began to be asked (UTC),
    and how long it took. One that is `late` may be asking still."""

    name: str
    answer: Answer | None
    error: Exception | None
    began: datetime
    seconds: float
    late: bool = False


@dataclass(slots=True)
class _Flight:
    job: Job
    began: datetime
    started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.started + self.job.seconds + _GRACE - time.monotonic()


def ask_all(jobs: list[Job], at_once: int = AT_ONCE, clock: Clock = _utc) -> Iterator[Outcome]:
    """Ask all of them, `at_once` at the most; outcomes as they come."""
    waiting = list(reversed(jobs))
    flying: dict[str, _Flight] = {}
    arrived: SimpleQueue[Outcome] = SimpleQueue()
    while waiting or flying:
        while waiting and len(flying) < at_once:
            flight = _Flight(waiting.pop(), clock())
            flying[flight.job.name] = flight
            # A daemon: one that hangs must not keep the process.
            threading.Thread(target=_ask, args=(flight, arrived), daemon=True).start()
        try:
            outcome = arrived.get(timeout=max(0.0, min(f.left for f in flying.values())))
        except Empty:
            yield from _given_up(flying)
            continue
        if flying.pop(outcome.name, None):
            yield outcome


def _ask(flight: _Flight, arrived: "SimpleQueue[Outcome]") -> None:
    answer: Answer | None = None
    error: Exception | None = None
    try:
        answer = flight.job.ask(flight.began)
    except Exception as found:  # noqa: BLE001  (handed to who asked, in the main thread)
        error = found
    seconds = time.monotonic() - flight.started
    arrived.put(Outcome(flight.job.name, answer, error, flight.began, seconds))


def _given_up(flying: Mapping[str, _Flight]) -> Iterator[Outcome]:
    for name, flight in list(flying.items()):
        if flight.left <= 0:
            assert isinstance(flying, dict)
            del flying[name]
            late: LabtoolError = Temporary(
                f"gave no answer in {flight.job.seconds:g} s", where=f"cache {name}", code="late"
            )
            seconds = time.monotonic() - flight.started
            yield Outcome(name, None, late, flight.began, seconds, late=True)
