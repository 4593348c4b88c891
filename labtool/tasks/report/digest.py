"""The digest: one summary for the admins of what needs them, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from labtool.core.alerts import Fault
from labtool.core.outbox import TOO_LATE, Entry
from labtool.core.text import counted, one_line, plain
from labtool.tasks.report.timetable import Line


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened since the last digest."""

    new: Sequence[Fault]
    still: Sequence[Fault]
    over: Sequence[Fault]
    overdue: Sequence[Line]
    backups: Sequence[str]
    unknown: Sequence[Entry]
    failed: Sequence[Entry]
    waiting: Sequence[Entry]
    late: Sequence[Entry]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not any(getattr(self, part.name) for part in fields(self))


# A message that waits for longer than this is worth a line: usually the next run sends it.
_WAITING_SECONDS = 3600
_DAY = 86400


def compose(
    faults: Sequence[Fault],
    ended: Sequence[Fault],
    lines: Sequence[Line],
    entries: Sequence[Entry],
    backups: Sequence[str],
    since: datetime | None,
    unix_now: float,
) -> Digest:
    """Sort what is known into a digest. `faults` are open and not snoozed, `ended` those
    that ended after `since` (the last digest), `entries` the unsettled messages and the dropped
    ones."""
    told_until = since.timestamp() if since else unix_now - _DAY
    fresh = [f for f in faults if f.digested == 0]
    return Digest(
        new=fresh,
        still=[f for f in faults if f.digested and f.count > f.digested],
        over=[f for f in ended if since is None or (f.ended and f.ended > since)],
        overdue=[line for line in lines if line.overdue_since],
        backups=backups,
        unknown=[e for e in entries if e.state == "unknown"],
        failed=[e for e in entries if e.state == "failed"],
        waiting=[
            e for e in entries if e.state == "waiting" and unix_now - e.created > _WAITING_SECONDS
        ],
        late=[
            e
            for e in entries
            if e.state == "dropped" and e.error.startswith(TOO_LATE) and _settled(e) > told_until
        ],
    )


def _settled(entry: Entry) -> float:
    return entry.settled or entry.created


def render(digest: Digest, lab: str) -> str:
    """The digest as text: a heading and a line an item, only what there is."""
    out = [f"{lab}: what needs an admin"]

    def part(title: str, lines: Sequence[str]) -> None:
        if lines:
            out.extend(["", title, *(f"• {line}" for line in lines)])

    part("New errors", [f"{_times(f.count)}{f.text}  [{f.id}]" for f in digest.new])
    part(
        "Still failing",
        [
            f"{counted(f.count - f.digested, 'time')} more since the last digest: {f.text}"
            f"  [{f.id}]"
            for f in digest.still
        ],
    )
    part(
        "Recovered",
        [f"{f.scope}: {one_line(f.text.removeprefix(f'{f.scope}: '), 120)}" for f in digest.over],
    )
    part(
        "Overdue",
        [
            f"{line.name}: due {line.overdue_since:%a %Y-%m-%d %H:%M} UTC, not run since; "
            f"try labtool timers run {line.name}"
            for line in digest.overdue
        ],
    )
    part("Backups", [f"{text}; try labtool backup run" for text in digest.backups])
    part("May or may not have arrived (labtool outbox retry/drop ID)", _messages(digest.unknown))
    part("Could not be sent (labtool outbox retry/drop ID)", _messages(digest.failed))
    part("Waiting to be sent", _messages(digest.waiting))
    part("Not sent, as it was too late for it", _messages(digest.late))
    return "\n".join(out)


def _messages(entries: Sequence[Entry]) -> list[str]:
    return [
        f"{e.id} to {e.message.to.name}: {one_line(plain(e.message.text), 80)}"
        + (f" ({one_line(e.error, 160)})" if e.error else "")
        for e in entries
    ]


def _times(count: int) -> str:
    return "" if count == 1 else f"{count} times "
