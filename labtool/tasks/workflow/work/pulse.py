"""A worker's signs of life, in a thread of its own, and what it is told meanwhile.

A worker that cannot give them is taken for dead once its last one is old: it stops what it does
before that, so that no step is ever done by two.
"""

import os
import threading
import time
from dataclasses import dataclass, field

from labtool.core.errors import LabtoolError
from labtool.core.log import complain
from labtool.services.engine.records import LEASE, RunRecord, WorkerRecord
from labtool.tasks.workflow.perform import Halt
from labtool.tasks.workflow.runs import Runs

# Seconds: between looks for runs that are to stop, between signs of life, and after how long
# without one the worker stops by itself.
_LOOK, _BEAT, _OLD = 1.0, 5.0, LEASE * 0.6


@dataclass(slots=True)
class Pulse:
    """That of the worker `name`. `draining` is set once it is to end, `over` once its steps have
    had the time for that."""

    name: str
    host: str
    runs: Runs
    draining: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    _stops: dict[tuple[str, int], str] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)
    _away: str = ""
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Give the first sign, and go on. Raises as the engine's database."""
        self._beat()
        self._thread = threading.Thread(target=self._run, daemon=True, name="pulse")
        self._thread.start()

    def stop(self) -> None:
        """Give none any more."""
        self.stopped.set()
        if self._thread:
            self._thread.join(LEASE)

    def halt(self, run: RunRecord) -> Halt:
        """Whether a run's steps are to stop."""
        if time.monotonic() - self._last > _OLD:
            return Halt("lost", "the engine's database cannot be reached")
        # Of this segment: what was begun again since is not meant.
        stop = self._stops.get((run.id, run.segment))
        if stop:
            return Halt("cancelled", stop.partition(" ")[2])
        if self.over.is_set():
            return Halt("handed_back", "labtool was told to stop")
        return Halt()

    def _run(self) -> None:
        last = time.monotonic()
        while not self.stopped.wait(_LOOK):
            try:
                self._stops = self.runs.ledger.stops(self.name)
                if time.monotonic() - last >= _BEAT:
                    self._beat()
                    last = time.monotonic()
                self._away = ""
            except LabtoolError as error:
                if not self._away:
                    self._away = str(error)
                    complain(f"{error}; this goes on when it is over")

    def _beat(self) -> None:
        begun = time.monotonic()
        sign = WorkerRecord(self.name, self.host, os.getpid(), 0.0, 0.0, self.draining.is_set())
        self.runs.queue.beat(sign)
        self._last = begun
