"""What a run would do, in words. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from labtool.core.text import clean, one_line
from labtool.tasks.workflow.activities._base import ActivityOptions
from labtool.tasks.workflow.section import Workflow
from labtool.tasks.workflow.values import text_of

_LONGEST = 300


def plan(name: str, workflow: Workflow, given: Mapping[str, Any]) -> Iterator[str]:
    """What a run with this input would do; what is not known yet stays as it is written."""
    yield f"{name}, version {workflow.version}"
    values = {name: text_of(value) for name, value in given.items()}
    for number, group in enumerate(workflow.steps, 1):
        for step in group:
            beside = " (side by side)" if len(group) > 1 else ""
            told = _told(step.activity, values)
            yield f"{number:>2}. {step.name}{beside}: {step.kind} {told}"


def _told(activity: ActivityOptions, values: Mapping[str, str]) -> str:
    """What is not as it is by itself."""
    parts = []
    for name, value in activity.model_dump(by_alias=True, exclude_defaults=True).items():
        if name in ("secrets", "env", "headers"):
            continue
        text = value
        if not isinstance(value, str):
            text = json.dumps(value, ensure_ascii=False, default=str)
        for known in values:
            text = text.replace(f"{{{known}}}", values[known])
        parts.append(f"{name}: {one_line(clean(text), _LONGEST)}")
    return ", ".join(parts)
