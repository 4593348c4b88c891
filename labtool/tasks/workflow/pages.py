"""The newest runs, for the page about labtool itself; those that wait for somebody or have failed
today, for today's."""

import json
from datetime import UTC, datetime

from labtool.core.cells import Cell, moment, table, word
from labtool.core.config import Config
from labtool.core.site import Given
from labtool.core.text import one_line
from labtool.services.engine.records import AttemptRecord, RunRecord
from labtool.tasks.workflow.history import words
from labtool.tasks.workflow.runs import opened

_NEWEST = 50
# So many of them with their steps; characters of what a step has found out.
_WITH_STEPS, _SHOWN = 10, 200
_DAY = 86400.0
_COLUMNS = ("Run", "State", "Asked for", "Ended", "Started by", "Why")
_STEP_COLUMNS = ("Run", "Step", "Attempt", "State", "Started", "Took", "Found", "Why")


def provide(config: Config, now: datetime) -> Given:
    """What the engine's database has. Raises as it does, and ConfigError."""
    if not config.has("workflows"):
        return Given()
    with opened(config, look=True) as runs:
        found = runs.ledger.runs(newest=_NEWEST) if runs.base.exists else []
        steps = [_step(one) for run in found[:_WITH_STEPS] for one in runs.attempts.of(run.id)]
    asked = [one for one in found if str(one.waits.get("on", "")).startswith("person:")]
    bad = [
        one
        for one in found
        if one.state in ("failed", "timed_out")
        and one.ended is not None
        and now.timestamp() - one.ended < _DAY
    ]
    rows = [[word(one.id), word(words(one.state)), word(one.why)] for one in (*asked, *bad)]
    system = [_row(one) for one in found]
    return Given(
        today=[table("Workflows that wait or failed", ("Run", "State", "Why"), rows)],
        system=[
            table("Workflows", _COLUMNS, system, empty="No run was started yet."),
            *([table("Steps of the newest runs", _STEP_COLUMNS, steps)] if steps else []),
        ],
    )


def _row(run: RunRecord) -> list[Cell]:
    return [
        word(run.id),
        word(words(run.state)),
        moment(datetime.fromtimestamp(run.created, UTC)),
        moment(datetime.fromtimestamp(run.ended, UTC)) if run.ended else word("not yet"),
        word(run.origin or " "),
        word(run.why or " "),
    ]


def _step(one: AttemptRecord) -> list[Cell]:
    ran = one.started is not None and one.ended is not None
    took = f"{max(0.0, (one.ended or 0) - (one.started or 0)):.1f} s" if ran else " "
    found = json.dumps(one.output, ensure_ascii=False) if one.output else " "
    why = f"{one.why}{' (begun again since)' if one.stale else ''}".strip()
    return [
        word(one.run),
        word(one.step),
        word(str(one.attempt)),
        word(words(one.state)),
        moment(datetime.fromtimestamp(one.started, UTC)) if one.started else word("not yet"),
        word(took),
        word(one_line(found, _SHOWN) or " "),
        word(why or " "),
    ]
