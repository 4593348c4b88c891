"""What admins hear of a run that went wrong, and when that is over: once the same was done (the
workflow with this input), or once somebody lets it be."""

import hashlib
import json

from labtool.core.errors import Failed
from labtool.core.text import one_line
from labtool.services.engine.records import RunRecord

# Characters of the input that are shown.
_SHOWN = 80


def topic_of(run: RunRecord) -> str:
    """What must be done for a failure of this run to be over."""
    return f"workflow {run.workflow} {_digest(run)}"


def failure(run: RunRecord, state: str, why: str) -> Failed:
    """That a run has failed or timed out."""
    of = one_line(str(next(iter(run.input.values()), "")), 10_000)
    if len(of) > _SHOWN:
        # Of a path, its end says more.
        of = f"…{of[1 - _SHOWN :]}"
    fix = (
        f"labtool workflow show {run.id}; when it is mended: labtool workflow retry {run.id};"
        f" to let it be: labtool workflow cancel {run.id}"
    )
    what = f"{state.replace('_', ' ')}: {why}"
    where = f"{run.workflow} ({of})" if of else run.workflow
    error = Failed(what, where=where, fix=fix, code=f"{state} {_digest(run)}")
    error.topic = topic_of(run)
    return error


def _digest(run: RunRecord) -> str:
    text = json.dumps([run.workflow, run.input], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
