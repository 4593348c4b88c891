"""Runs of workflows on a terminal, and for programs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from labtool.commands import _show as show
from labtool.core.config import Config
from labtool.core.text import one_line
from labtool.services.engine.records import AttemptRecord, RunRecord
from labtool.tasks.workflow.history import words
from labtool.tasks.workflow.printed import Printed
from labtool.tasks.workflow.runs import logs_of

_SHOWN = 200


def listed(runs: Sequence[RunRecord], zone: ZoneInfo) -> None:
    """A line each."""
    now = datetime.now(UTC)
    rows = [
        [
            one.id,
            words(one.state),
            show.moment(_moment(one.ended or one.started or one.created), zone, now),
            show.seconds(_took(one.started, one.ended)),
            one.origin,
            one_line(one.why, _SHOWN),
        ]
        for one in runs
    ]
    columns = ("run", "state", "at", "took", "started by", "why")
    show.table(columns, rows, "Nothing has run yet: labtool workflow start NAME", cut=4)


def shown(run: RunRecord, attempts: Sequence[AttemptRecord], config: Config) -> None:
    """A run: its steps, and what they have found out."""
    zone, now = config.core.lab.timezone, datetime.now(UTC)
    print(f"{run.id}: {words(run.state)}{f': {one_line(run.why, 500)}' if run.why else ''}")
    by = one_line(run.origin, _SHOWN) or "a run"
    print(f"workflow {run.workflow}, version {run.version}, started by {by}")
    began = show.moment(_moment(run.created), zone, now)
    print(f"asked for {began}; ended {show.moment(_moment(run.ended), zone, now) or 'not yet'}")
    print(f"input: {_json(run.input)}")
    rows = [
        [
            one.step,
            str(one.attempt),
            words(one.state),
            show.moment(_moment(one.started or one.scheduled), zone, now),
            show.seconds(_took(one.started, one.ended)),
            one.worker.partition("/")[0],
            one_line(f"{one.why}{' (begun again since)' if one.stale else ''}", _SHOWN),
        ]
        for one in attempts
    ]
    columns = ("step", "attempt", "state", "at", "took", "on", "why")
    show.table(columns, rows, "No step has begun.", cut=0)
    for one in attempts:
        if one.state == "done" and one.output and not one.stale:
            print(f"{one.step} found {_json(one.output)}")
    print(f"what they printed: {logs_of(config) / run.id}")


def document(run: RunRecord, attempts: Sequence[AttemptRecord] | None = None) -> dict[str, Any]:
    """A run for programs."""
    found: dict[str, Any] = {
        "id": run.id,
        "workflow": run.workflow,
        "version": run.version,
        "state": run.state,
        "why": run.why,
        "origin": run.origin,
        "input": run.input,
        "created": _moment(run.created),
        "started": _moment(run.started),
        "ended": _moment(run.ended),
        "waits": run.waits or None,
        "parent": run.parent or None,
    }
    if attempts is not None:
        found["values"] = run.values
        found["steps"] = [
            {
                "step": one.step,
                "attempt": one.attempt,
                "state": one.state,
                "why": one.why,
                "worker": one.worker,
                "scheduled": _moment(one.scheduled),
                "started": _moment(one.started),
                "ended": _moment(one.ended),
                "last_sign": _moment(one.beat),
                "output": one.output,
                "stale": one.stale,
            }
            for one in attempts
        ]
    return found


def logs_shown(run: RunRecord, found: Sequence[Printed], config: Config) -> None:
    """What steps have printed, each below a line with its name and attempt."""
    for one in found:
        streams = {"stdout": one.stdout, "stderr": one.stderr}
        said = [f"{name}:\n{text}" for name, text in streams.items() if text]
        at = f"{one.attempt.step}, attempt {one.attempt.attempt} ({words(one.attempt.state)})"
        print("\n".join([f"{at}:", *said]) if said else f"{at} has printed nothing")
    if not found:
        print("No step has begun.")
    print(f"all of it: {logs_of(config) / run.id}")


def logs_document(run: RunRecord, found: Sequence[Printed]) -> dict[str, Any]:
    """The same for programs."""
    steps = [
        {
            "step": one.attempt.step,
            "attempt": one.attempt.attempt,
            "state": one.attempt.state,
            "folder": str(one.folder),
            "stdout": one.stdout,
            "stderr": one.stderr,
        }
        for one in found
    ]
    return {"id": run.id, "steps": steps}


def _json(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False, default=str), 1000)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _took(started: float | None, ended: float | None) -> float | None:
    return max(0.0, ended - started) if started is not None and ended is not None else None
