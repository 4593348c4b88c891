"""`labtool workflow start`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labtool.core.config.types import duration_argument, show_duration
from labtool.core.errors import Failed, UsageError
from labtool.core.task import Run
from labtool.tasks.workflow.definition import kept, workflows_of
from labtool.tasks.workflow.plan import plan
from labtool.tasks.workflow.runs import opened


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody, or a timer, wants to start: of an `ident` one at a time, and not sooner than
    `not_before` after the last that was completed began (a duration)."""

    workflow: str
    input: Mapping[str, Any]
    ident: str = ""
    not_before: str = ""


def start(run: Run, asked: Asked) -> None:
    """Start it, unless it is too soon. Raises UsageError for what makes no sense."""
    run.shown = True
    try:
        kept(run.config, asked.workflow)
        known = workflows_of(run.config).root[asked.workflow]
        # Of the whole input no place is named.
        odd = known.odd(asked.input)
        if "additionalProperties" not in known.input:
            unknown = sorted(set(asked.input) - set(known.inputs))
            odd += [f"{name} is none of its names" for name in unknown]
        if odd:
            where = f"input of {asked.workflow}"
            raise Failed("; ".join(odd), where=where, fix="write NAME=VALUE, or --input JSON")
        if run.dry_run:
            lines = list(plan(asked.workflow, known, asked.input))
            run.result["plan"] = lines
            if not run.task.json:
                print("\n".join(lines))
            return
        _start(run, asked)
    except Failed as error:
        if run.task.timer:
            raise  # nobody reads it here
        raise UsageError(error.what, where=error.where, fix=error.fix) from None


def _start(run: Run, asked: Asked) -> None:
    alone = asked.ident or (asked.workflow if asked.not_before else "")
    origin = f"timer {run.task.timer}" if run.task.timer else "hand"
    with opened(run.config) as runs:
        if asked.not_before:
            least = duration_argument("--not-before", asked.not_before)
            last = runs.ledger.last_completed(alone)
            if last is not None and run.clock.now().timestamp() - last < least.total_seconds():
                _say(run, f"not started: the last one is younger than {show_duration(least)}")
                return
        ident, new = runs.begin(asked.workflow, asked.input, origin, alone=alone)
    run.result["id"] = ident
    _say(run, ident if new else f"not started: {ident} is open")


def _say(run: Run, text: str) -> None:
    run.result["said"] = text
    if not run.task.json:
        print(text)
