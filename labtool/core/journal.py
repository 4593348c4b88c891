"""The journal: one row for each run of a task, opened before it does anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Row

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database
from labtool.core.errors import Failed


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. `status` is running, done, failed, temporary, usage, interrupted or
    killed; `exit` the exit status once it ended; times in UTC, `seconds` measured."""

    id: int
    task: str
    timer: str
    arguments: tuple[str, ...]
    started: datetime
    ended: datetime | None
    seconds: float | None
    status: str
    exit: int | None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def command(self) -> str:
        """The task with its arguments."""
        return " ".join((self.task, *self.arguments))


STATUS_OF_EXIT = {0: "done", 1: "failed", 2: "usage", 75: "temporary", 130: "interrupted"}


def in_words(status: str) -> str:
    """A status as people read it."""
    return {"usage": "wrong config or command", "temporary": "unavailable"}.get(status, status)


class Journal:
    """The runs in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, task: str, timer: str, arguments: tuple[str, ...], now: datetime) -> int:
        """Open a row; its id."""
        return self._database.insert(
            "INSERT INTO runs (task, timer, arguments, started, status)"
            " VALUES (?, ?, ?, ?, 'running')",
            task,
            timer,
            json.dumps(arguments),
            iso(now),
        )

    def end(
        self,
        run: int,
        now: datetime,
        seconds: float,
        exit_status: int,
        counts: Mapping[str, int],
        error: str,
    ) -> None:
        """Close a row."""
        self._database.execute(
            "UPDATE runs SET ended = ?, seconds = ?, status = ?, exit = ?, counts = ?, error = ?"
            " WHERE id = ?",
            iso(now),
            seconds,
            STATUS_OF_EXIT.get(exit_status, "failed"),
            exit_status,
            json.dumps(dict(counts)),
            error,
            run,
        )

    def bury(self, task: str) -> int:
        """Mark runs of a task that never ended as killed; how many. Only for who holds the
        task's lock: nobody else can be running it."""
        return self._database.execute(
            "UPDATE runs SET status = 'killed' WHERE task = ? AND status = 'running'", task
        )

    def entries(self, name: str = "", newest: int = 20, *, command: str = "") -> list[Entry]:
        """The newest runs, newest first; only those of one task or timer if named, and of
        one `command` (`remind duty`), whatever else its arguments were."""
        task, *arguments = command.split(" ")
        rows = self._database.rows(
            "SELECT * FROM runs WHERE ?1 = '' OR task = ?1 OR timer = ?1"
            " OR (task = ?2 AND (arguments = ?3 OR substr(arguments, 1, length(?5)) = ?5))"
            " ORDER BY id DESC LIMIT ?4",
            name,
            task,
            json.dumps(arguments),
            newest,
            f"{json.dumps(arguments)[:-1]}, ",
        )
        return [_entry(row) for row in rows]

    def entry(self, run: int) -> Entry:
        """One run. Raises Failed when there is none with this id."""
        rows = self._database.rows("SELECT * FROM runs WHERE id = ?", run)
        if not rows:
            raise Failed(f"there is no run {run}", fix="see: labtool log")
        return _entry(rows[0])

    def latest_by_timer(self) -> dict[str, Entry]:
        """The last run that each timer started."""
        return {entry.timer: entry for entry in self._latest("timer") if entry.timer}

    def latest_by_command(self) -> dict[str, Entry]:
        """The last run of each command: a task with its arguments."""
        return {entry.command: entry for entry in self._latest("task, arguments")}

    def _latest(self, columns: str) -> list[Entry]:
        newest = f"SELECT max(id) FROM runs GROUP BY {columns}"  # noqa: S608  (constants)
        rows = self._database.rows(f"SELECT * FROM runs WHERE id IN ({newest})")  # noqa: S608
        return [_entry(row) for row in rows]

    def first_start(self) -> datetime | None:
        """When anything ran here for the first time, as far as the journal goes back."""
        rows = self._database.rows("SELECT min(started) AS first FROM runs")
        return from_iso(rows[0]["first"]) if rows[0]["first"] else None

    def since(self, moment: datetime, until: datetime) -> list[Entry]:
        """The runs that started from `moment` on and before `until`, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE started >= ? AND started < ? ORDER BY id",
            iso(moment),
            iso(until),
        )
        return [_entry(row) for row in rows]

    def done_before(self, moment: datetime, each: int) -> list[Entry]:
        """Of each command and timer, the newest `each` runs that were done and started before
        then."""
        rows = self._database.rows(
            "SELECT * FROM (SELECT *, row_number() OVER"
            " (PARTITION BY task, timer, arguments ORDER BY id DESC) AS place"
            " FROM runs WHERE status = 'done' AND started < ?) WHERE place <= ?",
            iso(moment),
            each,
        )
        return [_entry(row) for row in rows]

    def prune(self, before: datetime) -> list[int]:
        """Remove the rows of runs that started before then; their ids."""
        rows = self._database.rows("SELECT id FROM runs WHERE started < ?", iso(before))
        self._database.execute("DELETE FROM runs WHERE started < ?", iso(before))
        return [int(row["id"]) for row in rows]


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        task=row["task"],
        timer=row["timer"],
        arguments=tuple(json.loads(row["arguments"])),
        started=from_iso(row["started"]),
        ended=from_iso(row["ended"]) if row["ended"] else None,
        seconds=row["seconds"],
        status=row["status"],
        exit=row["exit"],
        counts=json.loads(row["counts"]),
        error=row["error"],
    )
