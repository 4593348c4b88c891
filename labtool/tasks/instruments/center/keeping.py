"""What the server keeps of instruments, in the state's database."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database, Marks
from labtool.tasks.instruments.center.models import (
    NOTHING,
    Change,
    Changes,
    Heartbeat,
    State,
    kept_state,
)
from labtool.tasks.instruments.center.runs import Runs

# The server's own facts: since when it listens, and when it did last.
_OWN = "instrument-server"
_AWAY = timedelta(minutes=3)
# A clock that is off by less is right: what was sent took its time. One that is off by more than
# the other makes no sense at all.
_RIGHT, _MOST_WRONG = timedelta(minutes=1), timedelta(days=365 * 60)


class OutOfStepError(Exception):
    """Changes are missing before those that came: number `expected` is next. 0: what came
    counts anew in an epoch that is taken, as that of a copy does."""

    def __init__(self, expected: int) -> None:
        said = f"change {expected} is next" if expected else "another change has this number"
        super().__init__(said)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an instrument: its state, when its machine was heard of (UTC), and what
    it said of itself then. `skew` is what its clock lacks; `behind`: newer changes are on their
    way."""

    state: State
    heard: datetime
    every: float
    log_ok: bool
    why: str
    version: str
    skew: timedelta = timedelta(0)
    behind: bool = False


class Keeping:
    """The instruments in a database; `runs` are their procedures."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.runs = Runs(database)

    def take(self, key: str, sent: Changes, now: datetime) -> int:
        """Keep changes, each once, in order; the number of the last one that is kept. Raises
        OutOfStepError."""
        with self._database.write():
            last, shown, _ = self._epoch(key, sent.epoch)
            self._repeats(key, sent, last)
            fresh = sorted((c for c in sent.changes if c.seq > last), key=lambda c: c.seq)
            if fresh and sent.lost:
                last = fresh[0].seq - 1
            for change in fresh:
                if change.seq != last + 1:
                    raise OutOfStepError(last + 1)
                self._add(key, sent.epoch, change, now)
                last = change.seq
            if fresh:
                newer = last >= shown
                state = fresh[-1].state if newer and not sent.more else None
                self._know(key, state, now, behind=newer and sent.more)
                shown = last if state else shown
                self._put_epoch(key, sent.epoch, last=last, shown=shown)
        return last

    def _repeats(self, key: str, sent: Changes, last: int) -> None:
        """Raises OutOfStepError where the number of one that is kept is another's now."""
        again = {change.seq: change for change in sent.changes if change.seq <= last}
        if not again:
            return
        rows = self._database.rows(
            "SELECT seq, at, event FROM instrument_changes WHERE instrument = ? AND epoch = ?"
            " AND seq BETWEEN ? AND ?",
            key,
            sent.epoch,
            min(again),
            max(again),
        )
        for row in rows:
            change = again.get(row["seq"])
            if change and (change.time, change.event) != (row["at"], row["event"]):
                raise OutOfStepError(0)

    def beat(self, key: str, sent: Heartbeat, now: datetime) -> None:
        """Keep a sign of life, once: one that was overtaken, or is played again, is let go."""
        with self._database.write():
            last, shown, count = self._epoch(key, sent.epoch)
            if sent.count <= count:
                return
            newer = sent.seq >= max(last, shown)
            self._know(key, sent.state if newer else None, now, beat=sent)
            shown = max(shown, sent.seq)
            self._put_epoch(key, sent.epoch, last=last, shown=shown, beats=sent.count)

    def known(self, key: str) -> Known | None:
        """What is known of it; None where nothing was heard yet."""
        rows = self._database.rows("SELECT * FROM instruments WHERE name = ?", key)
        if not rows:
            return None
        beat = json.loads(rows[0]["beat"] or "{}")
        return Known(
            kept_state(rows[0]["state"]),
            from_iso(rows[0]["heard"]),
            float(beat.get("every", 0)),
            beat.get("log", {}).get("ok", "ok") == "ok",
            str(beat.get("log", {}).get("why", "")),
            str(beat.get("version", "")),
            timedelta(seconds=float(beat.get("skew", 0))),
            bool(rows[0]["behind"]),
        )

    def listens(self, now: datetime) -> None:
        """The server listens now: to be said each minute."""
        marks = Marks(self._database, _OWN)
        last = marks.get("listened")
        if last is None or not -_AWAY < now - from_iso(last) < _AWAY:
            marks.put("since", iso(now), iso(now))
        marks.put("listened", iso(now), iso(now))

    def listens_since(self) -> datetime | None:
        """Since when the server listens, but for short restarts; None where none ever did."""
        since = Marks(self._database, _OWN).get("since")
        return from_iso(since) if since else None

    def history(
        self, key: str, most: int, before: int | None = None, *, steps: bool = True
    ) -> list[Row]:
        """The newest changes, oldest first, or those before the row with this id; all, or
        without the `steps`."""
        rows = self._database.rows(
            "SELECT id, at, event, outcome, state FROM instrument_changes WHERE instrument = ?"
            " AND id < ? AND (? OR event NOT LIKE 'step %') ORDER BY id DESC LIMIT ?",
            key,
            before if before is not None else 2**62,
            steps,
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

    def forget(self, before: datetime) -> int:
        """Leave out changes that came before then, some thousands at most; how many. The
        procedures that have ended stay."""
        return self._database.execute(
            "DELETE FROM instrument_changes WHERE id IN (SELECT id FROM (SELECT id, received FROM"
            " instrument_changes ORDER BY id LIMIT 5000) WHERE received < ?)",
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

    def _add(self, key: str, epoch: str, change: Change, now: datetime) -> None:
        self.runs.follow(key, change)
        self._database.execute(
            "INSERT INTO instrument_changes"
            " (instrument, epoch, seq, at, event, outcome, state, received)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            epoch,
            change.seq,
            change.time,
            change.event,
            change.outcome,
            change.state.model_dump_json(),
            iso(now),
        )

    def _know(
        self,
        key: str,
        state: State | None,
        now: datetime,
        *,
        beat: Heartbeat | None = None,
        behind: bool = False,
    ) -> None:
        """Something was heard: of the state, where it is newer than what is known, and how its
        machine is. `behind`: a newer state is on its way."""
        said = beat.model_dump(exclude={"state"}) | {"skew": _skew(beat, now)} if beat else None
        self._database.execute(
            "INSERT INTO instruments (name, state, heard, beat, behind)"
            " VALUES (?1, ?2, ?3, ?4, ?6) ON CONFLICT (name) DO UPDATE SET heard = ?3,"
            " state = iif(?5, ?2, state), beat = iif(?4 = '', beat, ?4),"
            " behind = iif(?5 OR ?6, ?6, behind)",
            key,
            (state or NOTHING).model_dump_json(),
            iso(now),
            json.dumps(said) if said else "",
            state is not None,
            behind,
        )


def _skew(beat: Heartbeat, now: datetime) -> float:
    """The seconds that an instrument's clock lacks."""
    lacks = now - from_iso(beat.at)
    if abs(lacks) < _RIGHT:
        return 0.0
    return max(-_MOST_WRONG, min(_MOST_WRONG, lacks)).total_seconds()
