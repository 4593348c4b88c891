"""Where a run that has ended goes on from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.core.errors import Failed
from labtool.services.engine.records import AttemptRecord
from labtool.tasks.workflow.section import Workflow


@dataclass(frozen=True, slots=True)
class Whence:
    """It goes on from `step`; these steps are done anew, and this was found out before them."""

    step: str
    anew: tuple[str, ...]
    values: Mapping[str, Any]


def whence(ident: str, workflow: Workflow, attempts: Sequence[AttemptRecord], step: str) -> Whence:
    """From this step, or by default from the first that did not end well. Raises Failed."""
    groups = [[one.name for one in group] for group in workflow.steps]
    names = [name for group in groups for name in group]
    done = {one.step: one for one in attempts if one.state in ("done", "exit") and not one.stale}
    if not step:
        unfinished = (name for name in names if name not in done or done[name].state == "exit")
        step = next(unfinished, "")
    if step not in names:
        what = f"{ident} has no step {step}" if step else "all its steps ended well"
        fix = f"its steps are {', '.join(names)}" if step else "name one: --from STEP"
        raise Failed(what, fix=fix, code="no_step")
    at = next(number for number, group in enumerate(groups) if step in group)
    for name in (name for group in groups[:at] for name in group):
        if name not in done:
            fix = f"labtool workflow retry {ident} --from {name}"
            raise Failed(f"its step {name} is not done yet", where=ident, fix=fix, code="no_step")
    # Those beside it that ended well are not done again; what comes after it is.
    anew = [step, *(name for group in groups[at + 1 :] for name in group)]
    anew += [name for name in groups[at] if name not in done]
    values: dict[str, Any] = {}
    for name in names:
        if name in done and name not in anew:
            values |= done[name].output
    return Whence(step, tuple(dict.fromkeys(anew)), values)
