"""Jobs on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from labtool.commands import _show as show
from labtool.core.clock import Clock
from labtool.core.database import Database
from labtool.core.text import one_line
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.open import unix
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.standing import Standing, standing
from labtool.tasks.jobs.suppressions import Suppression, Suppressions


@dataclass(frozen=True, slots=True)
class View:
    """Jobs and suppressions at a moment."""

    jobs: Sequence[tuple[Entry, Standing]]
    held: Sequence[Suppression]
    zone: ZoneInfo
    now: datetime

    @classmethod
    def of(cls, database: Database, clock: Clock, states: Sequence[str], limit: int) -> "View":
        """The newest jobs in some states."""
        queue, held = Queue(database, unix(clock)), Suppressions(database, unix(clock)).all()
        running = {entry.key: entry.id for entry in queue.entries(("running",), 1000)}
        now = clock.now()
        jobs = [
            (entry, standing(entry, held, running, now.timestamp()))
            for entry in queue.entries(states, limit)
        ]
        return cls(jobs, held, clock.zone, now)

    def print(self, empty: str) -> None:
        """Jobs, and what became of them; what does not start."""
        rows = [
            [
                str(one.id),
                phrase(one),
                one.state,
                self._at(one.ended or one.started or one.created),
                show.seconds(_seconds(one)),
                one.asker.name,
                one_line(found.text(self._at), 100),
            ]
            for one, found in self.jobs
        ]
        columns = ("id", "job", "state", "at", "took", "asked by", "why")
        show.table(columns, rows, empty, cut=1)
        for one in self.held:
            begins = f"from {self._at(one.begins)} " if one.begins > self.now.timestamp() else ""
            print(f"suppressed: {one.type} does not start {begins}until {self._at(one.ends)}")

    def documents(self) -> list[dict[str, Any]]:
        """The jobs for programs."""
        return [
            {
                "id": one.id,
                "type": one.type,
                "arguments": one.arguments,
                "state": one.state,
                "asked_by": one.asker.name,
                "channel": one.asker.channel,
                "created": _moment(one.created),
                "due": _moment(one.due),
                "started": _moment(one.started),
                "ended": _moment(one.ended),
                "seconds": _seconds(one),
                "attempts": one.attempts,
                "status": one.status,
                "reason": one.reason,
                "why": found.why,
                "until": _moment(found.until),
            }
            for one, found in self.jobs
        ]

    def suppressions(self) -> list[dict[str, Any]]:
        """What does not start, for programs."""
        return [
            {
                "type": one.type,
                "begins": _moment(one.begins),
                "ends": _moment(one.ends),
                "asked_by": one.asker.name,
            }
            for one in self.held
        ]

    def _at(self, seconds: float) -> str:
        return show.moment(_moment(seconds), self.zone, self.now)


def _seconds(entry: Entry) -> float | None:
    """How long a job ran."""
    ran = entry.started is not None and entry.ended is not None and entry.state != "waiting"
    return max(0.0, entry.ended - entry.started) if ran and entry.started and entry.ended else None


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
