"""A run, from where it is: its steps in order, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from labtool.core.config import Config
from labtool.core.config.types import show_duration
from labtool.core.errors import LabtoolError
from labtool.services.engine.ledger import Ledger
from labtool.services.engine.records import LostError, RunRecord
from labtool.services.engine.worker import Steps
from labtool.tasks.workflow.definition import restored
from labtool.tasks.workflow.perform import NO_LIMIT, Limit, Performer
from labtool.tasks.workflow.section import Workflow

# Which state of a step decides, where several run side by side: the first that one of them has.
_FIRST = ("cancelled", "failed", "timed_out", "refused", "exit", "handed_back", "waits")
_CLOSES = {
    "failed": "failed",
    "timed_out": "timed_out",
    "refused": "cancelled",
    "exit": "completed",
}


@dataclass(frozen=True, slots=True)
class Flow:
    """Does segments of runs as a worker. `ended` hears of each run that has, or was handed back,
    once."""

    config: Config
    ledger: Ledger
    performer: Performer
    ended: Callable[[RunRecord, str, str], None]
    trouble: Callable[[RunRecord, Exception], None]

    def __call__(self, ident: str, segment: int, steps: Steps) -> None:
        """A segment. What goes wrong in it that is no step's matter leaves the run as it is, for
        whoever looks after those that stand still."""
        run = None
        try:
            run = self.ledger.begin(ident, segment, self.performer.worker)
            if run is not None:
                self._do(run, steps)
        except LostError:
            return  # somebody else has it
        except Exception as error:
            if run is not None:
                self.trouble(run, error)
            raise

    def _do(self, run: RunRecord, steps: Steps) -> None:
        try:
            workflow = restored(run.definition, self.config, run.workflow)
        except LabtoolError as error:
            self._close(run, "failed", str(error))
            return
        if run.stop:
            # Whoever worked at it ended before it could.
            self._close(run, "cancelled", run.stop.partition(" ")[2])
            return
        limit = _limit(run, workflow)
        values = {
            **run.input,
            "run": run.id,
            "workflow": run.workflow,
            "scratch": str(self.performer.scratch / run.id),
        }
        found: dict[str, Any] = {}
        for group in workflow.steps:
            if self.performer.now() >= limit.at:
                self._close(run, "timed_out", limit.why)
                return
            results = steps.together(
                [
                    (step.name, partial(self.performer.perform, run, step, dict(values), limit))
                    for step in group
                ]
            )
            for result in results:
                found |= result.get("values") or {}
            values |= found
            names = [step.name for step in group]
            if self._stops(run, names, results, found):
                return
        self.ledger.keep(run.id, run.segment, found)
        self._close(run, "completed", "")

    def _stops(
        self,
        run: RunRecord,
        names: list[str],
        results: list[dict[str, Any]],
        found: dict[str, Any],
    ) -> bool:
        """Whether the run does not go on to the next steps now."""
        states = [result["state"] for result in results]
        state = next((one for one in _FIRST if one in states), "")
        if not state:
            return False
        self.ledger.keep(run.id, run.segment, found)
        at = states.index(state)
        why = f"{names[at]}: {results[at].get('why') or state}"
        if state == "handed_back":
            if self.ledger.hand_back(run.id, run.segment):
                # Where it goes on, if nothing that ran was stopped.
                self.ended(run, state, why if results[at].get("why") else f"before {names[at]}")
        elif state == "waits":
            waiting = [one for one in results if one["state"] == "waits"]
            untils = [one["until"] for one in waiting if one.get("until")]
            on = [one["on"] for one in waiting if one.get("on")]
            waits = {"step": names[at], "on": next(iter(on), ""), "also": on[1:]}
            if untils:
                waits["until"] = min(untils)
            self.ledger.wait(run.id, run.segment, waits, why)
        elif state == "cancelled":
            self._close(run, "cancelled", str(results[at].get("why") or ""))
        else:
            self._close(run, _CLOSES[state], why)
        return True

    def _close(self, run: RunRecord, state: str, why: str) -> None:
        if self.ledger.close(run.id, run.segment, state, why):
            self.ended(run, state, why)


def _limit(run: RunRecord, workflow: Workflow) -> Limit:
    most = workflow.timeout
    if most is None:
        return NO_LIMIT
    began = run.created if run.started is None else run.started
    return Limit(began + most.total_seconds(), f"took longer than {show_duration(most)}")
