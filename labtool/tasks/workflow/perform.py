"""One step of a run: its attempts, the pauses between them, its timeouts, its outcome."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from labtool.core.config import Config
from labtool.core.config.types import show_duration
from labtool.core.errors import LabtoolError, Temporary
from labtool.core.files import make_folder
from labtool.core.masking import mask
from labtool.core.text import clean
from labtool.services.engine.attempts import Attempts
from labtool.services.engine.records import AttemptRecord, LostError, RunRecord
from labtool.tasks.workflow.activities._base import Context, Ended, Exit, Refused, Runs, Waits
from labtool.tasks.workflow.runs import attempt_logs
from labtool.tasks.workflow.step import StepOptions
from labtool.tasks.workflow.verdict import closes, verdict

# Seconds: a pause that is longer than the first holds no worker; between looks.
_SHORT, _LOOK = 20.0, 0.1
# Seconds between the signs of life of a step that are kept.
_BEAT = 5.0
# Characters of a reason that are kept.
_WHY = 2000

Cause = Literal["", "cancelled", "handed_back", "timed_out", "lost"]


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a run's steps are to stop, and what that makes of them; nothing: they are not."""

    cause: Cause = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """When a run must have ended (Unix seconds), and what it is then."""

    at: float
    why: str = ""


NO_LIMIT = Limit(math.inf)


@dataclass(frozen=True, slots=True)
class _Done:
    """How an attempt ended."""

    state: str
    why: str = ""
    output: Mapping[str, Any] = field(default_factory=dict)
    on: str = ""


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs steps as a worker. `halt` says of a run whether it is to stop; `bug` makes an
    error that can be told of one that nobody expected; `now` is the database's clock."""

    worker: str
    config: Config
    attempts: Attempts
    halt: Callable[[RunRecord], Halt]
    drains: Callable[[], bool]
    bug: Callable[[Exception], LabtoolError]
    now: Callable[[], float]
    scratch: Path
    logs: Path
    runs: Runs

    def perform(
        self, run: RunRecord, step: StepOptions, values: Mapping[str, Any], limit: Limit
    ) -> dict[str, Any]:
        """Do a step, as far as it can be done now and within the run's `limit`: `state` is done,
        exit, failed, timed_out, refused, waits, cancelled or handed_back; `values` are what it has
        found out. Raises LostError."""
        while True:
            tries = self.attempts.schedule(run, step.name)
            found = verdict(step, tries, self.now())
            if found.say in ("done", "exit"):
                return {"state": found.say, "why": found.why, "values": tries[-1].output}
            if found.say in ("failed", "timed_out", "refused"):
                return {"state": found.say, "why": found.why}
            end = self._end(run, limit)
            if end is not None:
                return end
            if found.say == "wait":
                until = min(found.until, limit.at)
                if until - self.now() > _SHORT:
                    return {"state": "waits", "until": until, "why": found.why}
                self._pause(run, until)
                continue
            waits = self._attempt(run, step, values, tries[0].scheduled, limit)
            if waits is not None:
                return waits

    def _end(self, run: RunRecord, limit: Limit) -> dict[str, Any] | None:
        """What becomes of the run, where nothing more is to begin."""
        if self.now() >= limit.at:
            return {"state": "timed_out", "why": limit.why}
        halt = self.halt(run)
        if halt.cause == "lost":
            raise LostError
        if halt.cause:
            return {"state": halt.cause, "why": halt.why}
        return {"state": "handed_back"} if self.drains() else None

    def _pause(self, run: RunRecord, until: float) -> None:
        while self.now() < until and not self.halt(run).cause and not self.drains():
            time.sleep(_LOOK)

    def _attempt(
        self,
        run: RunRecord,
        step: StepOptions,
        values: Mapping[str, Any],
        scheduled: float,
        limit: Limit,
    ) -> dict[str, Any] | None:
        """One attempt; what becomes of the run, where that ends here."""
        attempt = self.attempts.begin(run, step.name)
        watch = _Watch(self, run, step, attempt, scheduled, limit)
        done = self._outcome(step, lambda: self._context(run, step, values, attempt, watch))
        # A step that ends by itself while it is told to is what it is.
        if done.state in ("ended", "temporary", "failed") and watch.halted.cause:
            done = _Done(watch.halted.cause, watch.halted.why)
        kept = done.state != "lost" and self.attempts.end(
            attempt, done.state, _kept(done.why), done.output
        )
        if not kept:
            raise LostError
        if done.state == "waits":
            most = step.schedule_to_close
            until = scheduled + most.total_seconds() if most is not None else limit.at
            until = min(until, limit.at)
            return {"state": "waits", "on": done.on, "why": done.why,
                    "until": until if until < NO_LIMIT.at else None}  # fmt: skip
        if done.state in ("cancelled", "handed_back"):
            return {"state": done.state, "why": done.why}
        return None

    def _outcome(self, step: StepOptions, context: Callable[[], Context]) -> "_Done":
        try:
            return _Done("done", output=step.activity.act(context()))
        except Exit as end:
            return _Done("exit", str(end))
        except Refused as no:
            return _Done("refused", str(no))
        except Waits as wait:
            return _Done("waits", wait.why, on=wait.on)
        except Ended as ended:
            return _Done("ended", str(ended))
        except Temporary as error:
            after = {"retry_after": error.retry_after} if error.retry_after else {}
            return _Done("temporary", str(error), after)
        except LabtoolError as error:
            return _Done("failed", str(error))
        except Exception as error:  # noqa: BLE001  (a part of the run boundary)
            return _Done("failed", str(self.bug(error)))

    def _context(
        self,
        run: RunRecord,
        step: StepOptions,
        values: Mapping[str, Any],
        attempt: AttemptRecord,
        watch: "_Watch",
    ) -> Context:
        logs = attempt_logs(self.logs, attempt)
        return Context(
            config=self.config,
            run=run.id,
            workflow=run.workflow,
            step=step.name,
            attempt=attempt.attempt,
            values=values,
            scratch=make_folder(self.scratch / run.id),
            logs=make_folder(logs),
            token=attempt.token,
            since=attempt.scheduled,
            seconds=max(0.1, watch.end - self.now()),
            beat=watch.beat,
            stop=watch.stop,
            runs=self.runs,
        )


class _Watch:
    """An attempt's signs of life, and why it is to stop: once said, that stands."""

    def __init__(
        self,
        performer: Performer,
        run: RunRecord,
        step: StepOptions,
        attempt: AttemptRecord,
        scheduled: float,
        limit: Limit,
    ) -> None:
        self._performer, self._run, self._step = performer, run, step
        self._attempt = attempt
        started = attempt.started or performer.now()
        self.end, self._why = min(closes(step, scheduled, started), (limit.at, limit.why))
        # By a clock that nobody sets.
        self._until = time.monotonic() + max(0.0, self.end - performer.now())
        self._beat = self._kept = time.monotonic()
        self._lock = threading.Lock()
        self.halted = Halt()

    def beat(self) -> None:
        """It goes on."""
        now = time.monotonic()
        with self._lock:
            self._beat = now
            if now - self._kept < _BEAT:
                return
            self._kept = now
        try:
            self._performer.attempts.beat(self._attempt)
        except LabtoolError:
            return  # its worker's own sign matters; this one is for who looks

    def stop(self) -> str:
        """Why it is to stop; empty: it is not."""
        if not self.halted.cause:
            self.halted = self._found()
        return self.halted.why if self.halted.cause else ""

    def _found(self) -> Halt:
        halt = self._performer.halt(self._run)
        if halt.cause:
            return halt
        now, heartbeat = time.monotonic(), self._step.heartbeat
        if now > self._until:
            return Halt("timed_out", self._why)
        if heartbeat is not None and now - self._beat > heartbeat.total_seconds():
            what = f"gave no sign of life for {show_duration(heartbeat)} (heartbeat)"
            return Halt("timed_out", what)
        return Halt()


def _kept(why: str) -> str:
    return mask(clean(why))[:_WHY]
