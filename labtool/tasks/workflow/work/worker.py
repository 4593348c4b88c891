"""A worker's rounds: it takes runs from the engine, brings back what dead workers have left, lets
go on what has waited, and tells how runs have ended.
"""

import queue
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labtool.core import tree
from labtool.core.errors import LabtoolError, StateError, Temporary
from labtool.core.lock import held as is_held
from labtool.core.lock import hold
from labtool.core.log import complain
from labtool.core.run import bug
from labtool.core.service import Round
from labtool.core.task import Run
from labtool.core.text import one_line
from labtool.services.engine.records import RunRecord
from labtool.services.engine.worker import Steps, working
from labtool.tasks.workflow.alerting import failure, topic_of
from labtool.tasks.workflow.definition import engine_of
from labtool.tasks.workflow.flow import Flow
from labtool.tasks.workflow.perform import Performer
from labtool.tasks.workflow.runs import Runs, logs_of, scratch_of
from labtool.tasks.workflow.work.pulse import Pulse

# Seconds: between rounds; between looks for what waits, and for what others have left; how long
# steps that were told to end may take for that.
_ROUND, _WAKE, _REAP, _END = 0.2, 1.0, 5.0, 15.0
# A run that stands still again and again is none that anybody can work at.
_MOST_SEGMENTS = 5000
# Characters of why a run has ended.
_SAID = 1000
# How runs that went wrong have ended.
_BAD = ("failed", "timed_out")
_WENT_ON = "went on"


@dataclass(slots=True)
class Worker:
    """One process that works at runs. `run` is its run boundary's."""

    run: Run
    runs: Runs
    host: str = field(default_factory=socket.gethostname)
    stopped: threading.Event = field(default_factory=threading.Event)
    _mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    _told: "queue.SimpleQueue[Callable[[], None]]" = field(default_factory=queue.SimpleQueue)
    # A run that was ended and begun again may have two, of which one only does anything.
    _flows: Counter[str] = field(default_factory=Counter)
    _idle: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _trouble: str = ""

    @property
    def name(self) -> str:
        """HOST/MARK: nobody else has it."""
        return f"{self.host}/{self._mark}"

    def work(self, *, follow: bool, rounds: Iterable[Round], after: Callable[[], None]) -> None:
        """Work at runs: until nothing is left to do now, or with `follow` until told to stop.
        `after` is called when runs have ended."""
        settings, state = engine_of(self.run.config), self.run.config.state
        pulse = Pulse(self.name, self.host, self.runs)
        flow = self._flow(pulse)
        with hold(state, _lock_of(self._mark), what="a worker"):
            pulse.start()
            try:
                self._reap()
                with working(self.runs.base, self.name, settings.workers, flow):
                    try:
                        self._go_on(follow=follow, rounds=list(rounds), after=after)
                    finally:
                        self._drain(pulse, settings.drain.total_seconds())
                # What it took from the queue meanwhile, and has not begun.
                self._pick_up()
                self._say(after)
            finally:
                pulse.stop()
            self.runs.queue.leave(self.name)
        self._lock_file(self.name).unlink(missing_ok=True)

    def later(self, step: Callable[[], None]) -> None:
        """Let it be done in the worker's own thread, soon."""
        self._told.put(step)

    def _go_on(self, *, follow: bool, rounds: list[Round], after: Callable[[], None]) -> None:
        rounds = [Round(_WAKE, self._wake_ready), Round(_REAP, self._reap), *rounds]
        while not self.stopped.wait(_ROUND):
            try:
                for one in rounds:
                    one.look()
                self._say(after)
                if not follow and self._is_over():
                    return
                self._trouble = ""
            except (StateError, Temporary) as error:
                if not follow:
                    raise
                if self._trouble != error.code:
                    self._trouble = error.code
                    complain(f"{error}; this goes on when it is over")
                self.stopped.wait(1.0)

    def _is_over(self) -> bool:
        """Whether nothing is left to do now, nor waits for what has just ended."""
        if self._flows or self.runs.ledger.open_runs(self._others()):
            return False
        before = self.run.counts[_WENT_ON]
        self._wake_ready()
        return self.run.counts[_WENT_ON] == before

    def _wake_ready(self) -> None:
        woken = self.runs.ledger.wake()
        if woken:
            self.run.counts[_WENT_ON] += woken

    def _reap(self) -> None:
        """Bring back what dead workers have left: their processes end, their steps are lost, their
        runs go on with whoever lives."""
        dead = [one for one in self.runs.queue.dead(self.host, self._lives) if one.id != self.name]
        for worker in dead:
            why = "the process that worked at it was killed"
            # Before they are given up: whoever does that may be killed in the middle.
            for attempt in self.runs.attempts.running(worker.id):
                if worker.host == self.host:
                    tree.end(attempt.token, None, 0)
            for attempt in self.runs.attempts.lose(worker.id, why):
                complain(f"{attempt.run}, {attempt.step}: {why}")
            self.runs.ledger.free(worker.id)
            self.runs.queue.leave(worker.id)
            if worker.host == self.host:
                self._lock_file(worker.id).unlink(missing_ok=True)
        alive = {self.name, *(worker.id for worker, _ in self.runs.queue.workers())}
        pending = self.runs.queue.pending()
        left = {one for one, _, worker in pending if worker not in alive}
        # What has ended here, and the engine could not keep that; or is just about to begin.
        idle = {one for one, run, worker in pending
                if worker == self.name and run not in self._flows}  # fmt: skip
        left |= idle & self._idle
        self._idle = idle
        self.runs.queue.resume(sorted(left))
        self._pick_up()

    def _pick_up(self) -> None:
        others = self._others()
        for ident, segment, worker in self.runs.queue.standing():
            if ident in self._flows or worker in others:
                continue
            if segment > _MOST_SEGMENTS:
                self.runs.ledger.close(ident, segment, "failed", "stood still too often")
            elif self.runs.ledger.pick_up(ident, segment, worker):
                self.run.counts["picked up"] += 1

    def _others(self) -> list[str]:
        return [one.id for one, _ in self.runs.queue.workers() if one.id != self.name]

    def _lives(self, worker: str) -> bool | None:
        """Whether one of this host does; None: its lock is none of this state folder's."""
        if worker == self.name:
            return True
        if not self._lock_file(worker).exists():
            return None
        return is_held(self.run.config.state, _lock_of(worker.rpartition("/")[2]))

    def _lock_file(self, worker: str) -> Path:
        name = _lock_of(worker.rpartition("/")[2])
        return Path(self.run.config.state / "locks" / f"{name}.lock")

    def _drain(self, pulse: Pulse, seconds: float) -> None:
        """Begin nothing any more; what runs may end by itself for so long, and is handed back
        then."""
        pulse.draining.set()
        _until(lambda: not self._flows, seconds)
        pulse.over.set()
        if not _until(lambda: not self._flows, _END):
            left = ", ".join(sorted(self._flows))
            complain(f"{left}: did not end; goes on with whoever works next")

    def _flow(self, pulse: Pulse) -> Callable[[str, int, Steps], None]:
        config = self.run.config
        performer = Performer(
            worker=self.name,
            config=config,
            attempts=self.runs.attempts,
            halt=pulse.halt,
            drains=pulse.draining.is_set,
            bug=lambda error: bug(error, self.run.task),
            now=self._now,
            scratch=scratch_of(config),
            logs=logs_of(config),
            runs=self.runs,
        )
        flow = Flow(config, self.runs.ledger, performer, self._ended, self._troubled)

        def do(ident: str, segment: int, steps: Steps) -> None:
            if pulse.draining.is_set():
                return  # it stays as it is, and goes on with whoever works next
            with self._busy(ident):
                flow(ident, segment, steps)

        return do

    @contextmanager
    def _busy(self, ident: str) -> Iterator[None]:
        with self._lock:
            self._flows[ident] += 1
        try:
            yield
        finally:
            with self._lock:
                self._flows -= Counter([ident])

    def _now(self) -> float:
        with self.runs.base.read() as connection:
            return self.runs.base.now(connection)

    def _ended(self, run: RunRecord, state: str, why: str) -> None:
        """From a thread of the engine's: it is told by the worker's own."""
        self.later(lambda: self._tell(run, state, why))

    def _troubled(self, run: RunRecord, error: Exception) -> None:
        found = error if isinstance(error, LabtoolError) else bug(error, self.run.task)
        self.later(lambda: complain(f"{run.id}: {found}; it goes on in a moment"))

    def _tell(self, run: RunRecord, state: str, why: str) -> None:
        self.run.counts[state.replace("_", " ")] += 1
        if state in _BAD:
            self.run.fail(failure(run, state, why))
            return
        said = one_line(f"{run.id} {state.replace('_', ' ')}{f': {why}' if why else ''}", _SAID)
        print(said)
        self.run.looked_at.add(topic_of(run))

    def _say(self, after: Callable[[], None]) -> None:
        said = False
        while not self._told.empty():
            self._told.get()()
            said = True
        if said:
            after()


def _until(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(_ROUND / 2)
    return True


def _lock_of(mark: str) -> str:
    return f"workflow-worker-{mark}"
