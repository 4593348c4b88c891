"""What has arrived starts what its rules say, once."""

import time

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import Failed, LabtoolError
from labtool.core.task import Run
from labtool.tasks.workflow.runs import Runs
from labtool.tasks.workflow.triggers import folder
from labtool.tasks.workflow.triggers.rules import first
from labtool.tasks.workflow.triggers.section import Trigger, Triggers

_SPACE, _STRAYS = "workflow-files", "workflow-strays"


def look_all(run: Run, runs: Runs) -> int:
    """Look at every trigger; how many runs were started. One that fails stops no other."""
    started = 0
    for name, trigger in run.config.section("triggers", Triggers).root.items():
        try:
            started += _look(name, trigger, run, runs)
        except LabtoolError as error:
            error.topic = f"trigger {name}"
            run.fail(error)
        else:
            run.looked_at.add(f"trigger {name}")
    return started


def _look(name: str, trigger: Trigger, run: Run, runs: Runs) -> int:
    base, rules = run.config.resolve(trigger.folder), trigger.rules(run.config)
    marks = Marks(run.database, _SPACE)
    try:
        found = list(folder.look(name, trigger, base, marks, time.time()))
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise Failed(what, where=str(base), fix="mount it, or correct folder:") from None
    known = runs.ledger.known([one.key for one in found])
    started = 0
    for one in found:
        if one.key in known:
            continue
        # A folder is its own bucket, by its name.
        workflow = first(rules, base.name, one.name)
        beside = one.name.removesuffix(trigger.marker)
        if beside != one.name and one.path.is_file() and first(rules, base.name, beside):
            continue  # it says that the one beside it is whole, which counts by itself
        if workflow:
            origin = f"{name}: {one.name}"
            try:
                started += runs.begin(workflow, one.given(base / one.name), origin, key=one.key)[1]
            except Failed as error:
                _tell(name, one, error, run)
        elif not one.name.endswith(trigger.marker):
            what = "is matched by no rule, and left there"
            fix = "take it away, or write a rule"
            where = f"{base}/{one.name}"
            _tell(name, one, Failed(what, where=where, fix=fix, code="stray"), run)
    return started


def _tell(trigger: str, one: folder.Arrival, error: Failed, run: Run) -> None:
    """What starts nothing is told once; it may do so later."""
    marks, name = Marks(run.database, _STRAYS), f"{one.key} {error.code}"
    if marks.get(name) is None:
        marks.put(name, f"{trigger}\0{one.name}", iso(run.clock.now()))
        error.topic = f"trigger {trigger} {one.name}"
        run.fail(error)
