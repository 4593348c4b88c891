"""What the server keeps of instruments, in the state's database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database
from labtool.tasks.instruments.center.models import Change, Changes, Heartbeat, State

_NOTHING = State(version=1, state="off")


class OutOfStepError(Exception):
    """Changes are missing before those that came: number `expected` is next."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"change {expected} is next")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an instrument: its state, when its machine was heard of (UTC), and what
    it said of itself then."""

    state: State
    heard: datetime
    every: float
    log_ok: bool
    why: str
    version: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A procedure that has ended: seconds, and after how many of them it was at each step for
    the first time."""

    name: str
    user: str
    started: datetime
    seconds: float
    outcome: str
    steps: Mapping[int, float]


class Keeping:
    """The instruments in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, key: str, sent: Changes, now: datetime) -> int:
        """Keep changes, each once, in order; the number of the last one that is kept. Raises
        OutOfStepError."""
        with self._database.write():
            last, shown, _ = self._epoch(key, sent.epoch)
            fresh = sorted((c for c in sent.changes if c.seq > last), key=lambda c: c.seq)
            if fresh and sent.lost:
                last = fresh[0].seq - 1
            for change in fresh:
                if change.seq != last + 1:
                    raise OutOfStepError(last + 1)
                self._add(key, sent.epoch, change)
                last = change.seq
            if fresh:
                newer = last >= shown
                self._know(key, fresh[-1].state if newer else None, now)
                self._put_epoch(key, sent.epoch, last=last, shown=max(last, shown))
        return last

    def beat(self, key: str, sent: Heartbeat, now: datetime) -> None:
        """Keep a sign of life, once: one that was overtaken, or is played again, is let go."""
        with self._database.write():
            last, shown, count = self._epoch(key, sent.epoch)
            if sent.count <= count:
                return
            newer = sent.seq >= max(last, shown)
            self._know(key, sent.state if newer else None, now, sent)
            shown = max(shown, sent.seq)
            self._put_epoch(key, sent.epoch, last=last, shown=shown, beats=sent.count)

    def known(self, key: str) -> Known | None:
        """What is known of it; None where nothing was heard yet."""
        rows = self._database.rows("SELECT * FROM instruments WHERE name = ?", key)
        if not rows:
            return None
        beat = json.loads(rows[0]["beat"] or "{}")
        return Known(
            State.model_validate_json(rows[0]["state"]),
            from_iso(rows[0]["heard"]),
            float(beat.get("every", 0)),
            beat.get("log", {}).get("ok", "ok") == "ok",
            str(beat.get("log", {}).get("why", "")),
            str(beat.get("version", "")),
        )

    def history(self, key: str, most: int, before: int | None = None) -> list[Row]:
        """The newest changes, oldest first, or those before the row with this id."""
        rows = self._database.rows(
            "SELECT id, at, event, outcome, state FROM instrument_changes WHERE instrument = ?"
            " AND id < ? ORDER BY id DESC LIMIT ?",
            key,
            before if before is not None else 2**62,
            most,
        )
        return rows[::-1]

    def after(self, number: int) -> list[Row]:
        """What of any instrument was kept after the row with this id: the ends of procedures."""
        return self._database.rows(
            "SELECT id, instrument, at, event, outcome, state FROM instrument_changes"
            " WHERE id > ? AND outcome != '' ORDER BY id LIMIT 1000",
            number,
        )

    def newest(self) -> int:
        """The id of the newest change of any instrument."""
        rows = self._database.rows("SELECT coalesce(max(id), 0) AS id FROM instrument_changes")
        return int(rows[0]["id"])

    def finished(self, key: str, name: str = "", since: datetime | None = None) -> list[Finished]:
        """The procedures that have ended, oldest first: those of a name, the newest 200; or all
        that ended after an instant."""
        rows = self._database.rows(
            "SELECT * FROM (SELECT * FROM instrument_runs WHERE instrument = ? AND ended IS NOT"
            " NULL AND (? = '' OR procedure = ?) AND ended >= ? ORDER BY id DESC LIMIT ?)"
            " ORDER BY id",
            key,
            name,
            name,
            iso(since) if since else "",
            200 if name else 10_000,
        )
        return [_finished(row) for row in rows]

    def forget(self, before: datetime) -> int:
        """Leave out changes from before then, some thousands at most; how many. The procedures
        that have ended stay."""
        return self._database.execute(
            "DELETE FROM instrument_changes WHERE id <= (SELECT max(id) FROM (SELECT id, at FROM"
            " instrument_changes ORDER BY id LIMIT 5000) WHERE at < ?)",
            iso(before),
        )

    def _epoch(self, key: str, epoch: str) -> tuple[int, int, int]:
        """Of an epoch: the last change that is kept, the last one that the state is after, and
        the last sign of life."""
        rows = self._database.rows(
            "SELECT * FROM instrument_epochs WHERE instrument = ? AND epoch = ?", key, epoch
        )
        return (rows[0]["last"], rows[0]["shown"], rows[0]["beats"]) if rows else (0, 0, 0)

    def _put_epoch(self, key: str, epoch: str, *, last: int, shown: int, beats: int = 0) -> None:
        self._database.execute(
            "INSERT INTO instrument_epochs (instrument, epoch, last, shown, beats)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (instrument, epoch) DO UPDATE SET"
            " last = excluded.last, shown = excluded.shown, beats = max(beats, excluded.beats)",
            key,
            epoch,
            last,
            shown,
            beats,
        )

    def _add(self, key: str, epoch: str, change: Change) -> None:
        self._database.execute(
            "INSERT INTO instrument_changes (instrument, epoch, seq, at, event, outcome, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            key,
            epoch,
            change.seq,
            change.time,
            change.event,
            change.outcome,
            change.state.model_dump_json(),
        )
        self._follow(key, change)

    def _follow(self, key: str, change: Change) -> None:
        """The outermost procedure's beginning, its steps, its end."""
        rows = self._database.rows(
            "SELECT * FROM instrument_runs WHERE instrument = ? AND ended IS NULL", key
        )
        here = change.state.procedures[0] if change.state.procedures else None
        going = rows[0] if rows else None
        same = (
            here and going and (here.name, here.started) == (going["procedure"], going["started"])
        )
        if going and not same:
            ended = change.event == f"ended {going['procedure']}"
            self._database.execute(
                "UPDATE instrument_runs SET ended = ?, outcome = ? WHERE id = ?",
                max(change.time, going["started"]),
                (change.outcome if ended else "") or "unknown",
                going["id"],
            )
            going = None
        if here and not going:
            self._database.execute(
                "INSERT INTO instrument_runs (instrument, procedure, user, started, steps)"
                " VALUES (?, ?, ?, ?, '{}')",
                key,
                here.name,
                change.state.user,
                here.started,
            )
        elif here and going and here.step is not None:
            steps = json.loads(going["steps"])
            if str(here.step) not in steps:
                steps[str(here.step)] = here.step_at or change.time
                self._database.execute(
                    "UPDATE instrument_runs SET steps = ? WHERE id = ?",
                    json.dumps(steps),
                    going["id"],
                )

    def _know(
        self, key: str, state: State | None, now: datetime, beat: Heartbeat | None = None
    ) -> None:
        """Something was heard: of the state, where it is newer than what is known, and how its
        machine is."""
        self._database.execute(
            "INSERT INTO instruments (name, state, heard, beat) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (name) DO UPDATE SET heard = ?3,"
            " state = iif(?5, ?2, state), beat = iif(?4 = '', beat, ?4)",
            key,
            (state or _NOTHING).model_dump_json(),
            iso(now),
            beat.model_dump_json(exclude={"state"}) if beat else "",
            state is not None,
        )


def _finished(row: Row) -> Finished:
    began = from_iso(row["started"])
    steps: dict[str, str] = json.loads(row["steps"])
    return Finished(
        row["procedure"],
        row["user"],
        began,
        max(0.0, (from_iso(row["ended"]) - began).total_seconds()),
        row["outcome"],
        {int(n): max(0.0, (from_iso(at) - began).total_seconds()) for n, at in steps.items()},
    )
