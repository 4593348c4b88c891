"""What is known of a run, of the attempts at its steps, and of workers. Times are Unix seconds of
the database's clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Those that go on, and those that have ended, as the cloud services name them.
OPEN = ("queued", "running", "waiting")
# Seconds that a worker's sign of life holds.
LEASE = 30.0
CLOSED = ("completed", "failed", "cancelled", "terminated", "timed_out")


class LostError(Exception):
    """A worker has no say in a run any more: others took it for dead, or it cannot say that it
    lives, or the run was ended."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is to be started. A `key` starts at most one run, however often; of those that are
    `alone` in the same name, one at a time is open."""

    id: str
    workflow: str
    version: str
    definition: Mapping[str, Any]
    input: Mapping[str, Any]
    origin: str
    key: str = ""
    alone: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. `segment` counts its parts on the engine; `values` are what its steps have found
    out; `waits` says on what it waits (`on`, and `also` on what), and until when; `stop` how and
    by whom it is to end."""

    id: str
    workflow: str
    version: str
    definition: dict[str, Any]
    input: dict[str, Any]
    state: str
    origin: str
    created: float
    started: float | None
    ended: float | None
    segment: int
    values: dict[str, Any]
    waits: dict[str, Any]
    stop: str
    why: str
    parent: str
    worker: str
    alone: str


def run_of(row: Any) -> RunRecord:
    """A run from its row."""
    found = dict(row._mapping)  # noqa: SLF001  (its documented name)
    for name in ("definition", "input", "waits"):
        found[name] = json.loads(found[name])
    found["values"] = json.loads(found.pop("found"))
    return RunRecord(**found)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """An attempt at a step: scheduled, running, done, exit, temporary, failed, timed_out,
    cancelled, lost (its worker died), handed_back, waits. A `stale` one is of before the run was
    begun again from an earlier step."""

    run: str
    step: str
    attempt: int
    state: str
    worker: str
    token: str
    scheduled: float
    started: float | None
    ended: float | None
    beat: float | None
    why: str
    output: dict[str, Any]
    stale: bool


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker: HOST/MARK, since when, and its last sign of life."""

    id: str
    host: str
    pid: int
    started: float
    beat: float
    draining: bool
