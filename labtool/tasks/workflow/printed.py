"""What the commands of a run's steps have printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labtool.core.config import Config
from labtool.core.errors import UsageError
from labtool.core.logs import end
from labtool.services.engine.records import AttemptRecord, RunRecord
from labtool.tasks.workflow.runs import attempt_logs, logs_of

# Characters of each stream that are shown, from its end.
_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Printed:
    """The ends of what an attempt has printed, cleaned, and the folder with all of it."""

    attempt: AttemptRecord
    folder: Path
    stdout: str
    stderr: str


def printed(
    config: Config, run: RunRecord, attempts: Sequence[AttemptRecord], step: str = ""
) -> list[Printed]:
    """Of the newest attempt at each step that has begun, or at one of them alone, in their order.
    Raises UsageError for a step that has not."""
    newest = {one.step: one for one in attempts if one.started is not None}
    if step and step not in newest:
        fix = f"write one of {', '.join(newest)}" if newest else "none has yet"
        raise UsageError(f"no step {step} of {run.id} has begun", fix=fix)
    return [_printed(config, one) for one in newest.values() if step in ("", one.step)]


def _printed(config: Config, attempt: AttemptRecord) -> Printed:
    folder = attempt_logs(logs_of(config), attempt)
    out, err = (end(folder / name, _SHOWN) for name in ("stdout", "stderr"))
    return Printed(attempt, folder, out, err)
