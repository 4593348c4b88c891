"""The newest runs, for the page about labtool itself; those that wait for somebody or have failed
today, for today's."""

from datetime import UTC, datetime

from labtool.core.cells import Cell, moment, table, word
from labtool.core.config import Config
from labtool.core.site import Given
from labtool.services.engine.records import RunRecord
from labtool.tasks.workflow.history import words
from labtool.tasks.workflow.runs import opened

_NEWEST = 50
_DAY = 86400.0
_COLUMNS = ("Run", "State", "Asked for", "Ended", "Started by", "Why")


def provide(config: Config, now: datetime) -> Given:
    """What the engine's database has. Raises as it does, and ConfigError."""
    if not config.has("workflows"):
        return Given()
    with opened(config, look=True) as runs:
        found = runs.ledger.runs(newest=_NEWEST) if runs.base.exists else []
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
        system=[table("Workflows", _COLUMNS, system, empty="No run was started yet.")],
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
