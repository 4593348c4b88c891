"""The queue: one table of the state's database.

    asked      waits for somebody's yes
    waiting    will run; of each type at most one, and a new request takes its place
    running    runs; of each key at most one
    done, failed, lost (its worker died), cancelled, replaced, expired

Every change is one transaction. Times are Unix seconds of the machine's clock, which may be set
back: what was asked for in the future waits for its delay from then on, and a lease from the
future is none.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from sqlite3 import Row

from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.tasks.jobs.due import next_due, set_back
from labtool.tasks.jobs.entry import Entry, Request, entry_of

# Seconds that a worker's word holds.
LEASE = 30.0
# How long somebody may think before saying yes, in seconds.
_ASKED = 24 * 3600.0
ENDED = ("done", "failed", "lost", "cancelled", "replaced", "expired")


class Queue:
    """The jobs in a database; `now` is the machine's clock."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database, self._now = database, now

    def add(self, request: Request, *, asked: bool = False) -> tuple[Entry, bool]:
        """Let a job wait (or, `asked`, wait for somebody's yes); whether it took the place of
        one that waited."""
        with self._database.write():
            return self.put(request, asked=asked)

    def confirm(self, number: int) -> Entry:
        """Somebody said yes: it waits under its number, in place of one of its type that waited.
        Raises Failed where nothing was asked."""
        with self._database.write():
            entry = self._entry(number)
            if entry.state != "asked":
                why = f" {entry.reason}" if entry.state == "replaced" else ""
                what = f"job {number} waits for no yes: it is {entry.state}{why}"
                raise Failed(what, fix="see: labtool jobs list")
            rows = self._database.rows(
                "SELECT id FROM jobs WHERE state = 'waiting' AND type = ?", entry.type
            )
            for row in rows:
                self._end(row["id"], "replaced", reason=f"by {number}")
            late = max(0.0, self._now() - entry.created)
            self._database.execute(
                "UPDATE jobs SET state = 'waiting', created = created + ?1, due = due + ?1,"
                " asker = ?3 WHERE id = ?2",
                late,
                number,
                json.dumps(asdict(replace(entry.asker, yes=True))),
            )
            return self._entry(number)

    def peek(self) -> int | None:
        """The number of the next job that may start; None where none may."""
        return next_due(self._database, self._now())

    def take(self, worker: str) -> Entry | None:
        """The next job that may start, which runs from now on."""
        set_back(self._database, self._now())
        if self.peek() is None:
            return None  # nobody waits for the disk where there is nothing to do
        now = self._now()
        with self._database.write():
            number = self.peek()
            if number is None:
                return None
            self._database.execute(
                "UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1,"
                " worker = ?, lease = ?, token = ?, stop = '' WHERE id = ?",
                now,
                worker,
                now + LEASE,
                secrets.token_hex(16),
                number,
            )
            return self._entry(number)

    def renew(self, worker: str) -> dict[int, str]:
        """The worker lives: its jobs, with why each is to stop, if it is."""
        with self._database.write():
            self._database.execute(
                "UPDATE jobs SET lease = ? WHERE state = 'running' AND worker = ?",
                self._now() + LEASE,
                worker,
            )
            return self.stops(worker)

    def stops(self, worker: str) -> dict[int, str]:
        """The jobs that a worker runs, with why each is to stop."""
        rows = self._database.rows(
            "SELECT id, stop FROM jobs WHERE state = 'running' AND worker = ?", worker
        )
        return {row["id"]: row["stop"] for row in rows}

    def finish(self, entry: Entry, state: str, status: int | None, reason: str) -> bool:
        """A run has ended; False where somebody else has said so before. To be called inside
        the transaction that also keeps what is told of it."""
        return bool(
            self._database.execute(
                "UPDATE jobs SET state = ?, ended = ?, status = ?, reason = ? WHERE id = ?"
                " AND state = 'running' AND token = ?",
                state,
                self._now(),
                status,
                reason,
                entry.id,
                entry.token,
            )
        )

    def again(self, entry: Entry, due: float, reason: str) -> bool:
        """A run has ended, and is to be tried again; False where a newer request waits, which
        takes its place, and where it is to be cancelled. Inside the caller's transaction."""
        waits = self._database.rows(
            "SELECT 1 FROM jobs WHERE state = 'waiting' AND type = ?", entry.type
        )
        if waits:
            return False
        return bool(
            self._database.execute(
                "UPDATE jobs SET state = 'waiting', due = ?, reason = ?, worker = '', lease = 0"
                " WHERE id = ? AND state = 'running' AND token = ? AND stop = ''",
                due,
                reason,
                entry.id,
                entry.token,
            )
        )

    def abandoned(self, host: str, lives: Callable[[str], bool]) -> list[Entry]:
        """The jobs whose workers do not live any more: those of this `host` by asking, others'
        once their lease is over."""
        rows = self._database.rows("SELECT * FROM jobs WHERE state = 'running'")
        now = self._now()

        def is_alive(row: Row) -> bool:
            worker = str(row["worker"])
            if worker.partition("/")[0] == host:
                return lives(worker)
            return bool(now <= row["lease"] <= now + 2 * LEASE)

        return [entry_of(row) for row in rows if not is_alive(row)]

    def cancel(self, number: int, by: str) -> str:
        """Take a job out, or end the run of it; what it was. Raises Failed for one that has
        ended, or was never there."""
        with self._database.write():
            entry = self._entry(number)
            if entry.state in ("waiting", "asked"):
                self._end(number, "cancelled", reason=f"by {by}")
            elif entry.state == "running":
                self._database.execute("UPDATE jobs SET stop = ? WHERE id = ?", f"by {by}", number)
            else:
                raise Failed(f"job {number} is {entry.state}", fix="see: labtool jobs list")
            return entry.state

    def cancel_type(self, job_type: str, by: str) -> list[int]:
        """Cancel what waits or runs of a type; which."""
        rows = self._database.rows(
            "SELECT id FROM jobs WHERE type = ? AND state IN ('waiting', 'running')", job_type
        )
        for row in rows:
            self.cancel(row["id"], by)
        return [row["id"] for row in rows]

    def entry(self, number: int) -> Entry:
        """A job. Raises Failed where there is none with this number."""
        return self._entry(number)

    def entries(self, states: Sequence[str], newest: int) -> list[Entry]:
        """The newest jobs in these states, the newest first."""
        marks = ", ".join("?" * len(states))
        rows = self._database.rows(
            f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY id DESC LIMIT ?",  # noqa: S608  (marks alone)
            *states,
            newest,
        )
        return [entry_of(row) for row in rows]

    def expire(self) -> list[Entry]:
        """What nobody said yes to is over after a day; which."""
        rows = self._database.rows(
            "UPDATE jobs SET state = 'expired', ended = ?1, reason = 'nobody confirmed it'"
            " WHERE state = 'asked' AND created < ?1 - ?2 RETURNING *",
            self._now(),
            _ASKED,
        )
        return [entry_of(row) for row in rows]

    def newest(self, job_type: str) -> Entry | None:
        """The last job of a type that has begun."""
        rows = self._database.rows(
            "SELECT * FROM jobs WHERE type = ? AND started IS NOT NULL ORDER BY id DESC LIMIT 1",
            job_type,
        )
        return entry_of(rows[0]) if rows else None

    def tidy(self, keep: float) -> list[int]:
        """Forget what ended more than so many seconds ago; which."""
        now = self._now()
        with self._database.write():
            rows = self._database.rows(
                "SELECT id FROM jobs WHERE ended < ? ORDER BY ended LIMIT 1000", now - keep
            )
            for row in rows:
                self._database.execute("DELETE FROM jobs WHERE id = ?", row["id"])
        return [row["id"] for row in rows]

    def put(self, request: Request, *, asked: bool) -> tuple[Entry, bool]:
        """The same as `add`, inside the caller's transaction."""
        now = self._now()
        values = (
            request.key,
            json.dumps(dict(request.arguments)),
            json.dumps(asdict(request.asker)),
            now,
            request.due,
        )
        if not asked:
            # What has run keeps its number, its logs, and how it went.
            self._database.execute(
                "UPDATE jobs SET state = 'replaced', ended = ?, reason = 'by a new request'"
                " || CASE reason WHEN '' THEN '' ELSE ': ' || reason END"
                " WHERE state = 'waiting' AND type = ? AND attempts > 0",
                now,
                request.type,
            )
            rows = self._database.rows(
                "UPDATE jobs SET key = ?, arguments = ?, asker = ?, created = ?, due = ?,"
                " attempts = 0, reason = '' WHERE state = 'waiting' AND type = ? RETURNING id",
                *values,
                request.type,
            )
            if rows:
                return self._entry(rows[0]["id"]), True
        number = self._database.insert(
            "INSERT INTO jobs (key, arguments, asker, created, due, type, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *values,
            request.type,
            "asked" if asked else "waiting",
        )
        return self._entry(number), False

    def _end(self, number: int, state: str, reason: str) -> None:
        self._database.execute(
            "UPDATE jobs SET state = ?, ended = ?, reason = ? WHERE id = ?",
            state,
            self._now(),
            reason,
            number,
        )

    def _entry(self, number: int) -> Entry:
        rows = self._database.rows("SELECT * FROM jobs WHERE id = ?", number)
        if not rows:
            raise Failed(f"there is no job {number}", fix="see: labtool jobs list")
        return entry_of(rows[0])
