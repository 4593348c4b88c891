"""Jobs on a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from labtool.commands import _show as show
from labtool.tasks.jobs.queue import Entry
from labtool.tasks.jobs.report import phrase


def listed(found: Sequence[Entry], zone: ZoneInfo) -> None:
    """Jobs, and what became of them."""
    now = datetime.now(UTC)
    rows = [
        [
            str(one.id),
            phrase(one),
            one.state,
            show.moment(_moment(one.ended or one.started or one.due), zone, now),
            one.asker.name,
            one.reason or ("" if one.status in (None, 0) else f"exit status {one.status}"),
        ]
        for one in found
    ]
    columns = ("id", "job", "state", "at", "asked by", "why")
    show.table(columns, rows, "Nothing was asked for yet: labtool jobs say help")


def listed_as_json(found: Sequence[Entry]) -> None:
    """The same for programs."""
    show.document(
        [
            {
                "id": one.id,
                "type": one.type,
                "arguments": one.arguments,
                "state": one.state,
                "asked_by": one.asker.name,
                "created": _moment(one.created),
                "started": _moment(one.started),
                "ended": _moment(one.ended),
                "attempts": one.attempts,
                "status": one.status,
                "reason": one.reason,
            }
            for one in found
        ]
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
