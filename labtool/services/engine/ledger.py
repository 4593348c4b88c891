"""Runs, as they are kept: what is done with them. Every change is a transaction."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from labtool.services.engine.base import Base
from labtool.services.engine.looks import Looks
from labtool.services.engine.records import CLOSED, OPEN, NewRun, RunRecord, run_of
from labtool.services.engine.tables import ATTEMPTS, DECISIONS, RUNS, STARTS, WORKERS

# Puts a segment of a run on the engine's queue, within the caller's transaction.
Enqueue = Callable[[sa.Connection, str, int], None]
_R = RUNS.c


class Ledger(Looks):
    """The runs of a database; `enqueue` is how one gets to the workers."""

    def __init__(self, base: Base, enqueue: Enqueue) -> None:
        super().__init__(base)
        self._enqueue = enqueue

    def start(self, new: NewRun) -> tuple[str, bool]:
        """Let a run begin; its id, and whether it is new. What has its key already is given
        instead, and so is one that is open under the same `alone`."""
        with self.base.write() as connection:
            now = self.base.now(connection)
            found = self._started(connection, new)
            if found:
                return found, False
            values = {
                "id": new.id,
                "workflow": new.workflow,
                "version": new.version,
                "definition": json.dumps(new.definition),
                "input": json.dumps(new.input),
                "state": "queued",
                "origin": new.origin,
                "created": now,
                "segment": 1,
                "parent": new.parent,
                "alone": new.alone,
            }
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(RUNS).values(values))
                    if new.key:
                        start = {"key": new.key, "run": new.id, "seen": now}
                        connection.execute(sa.insert(STARTS).values(start))
            except sa.exc.IntegrityError:
                # Somebody else was faster.
                found = self._started(connection, new)
                if not found:
                    raise
                return found, False
            self._enqueue(connection, new.id, 1)
        return new.id, True

    def _started(self, connection: sa.Connection, new: NewRun) -> str:
        if new.key:
            query = sa.select(STARTS.c.run).where(STARTS.c.key == new.key)
            found = connection.execute(query).scalar_one_or_none()
            if found:
                return str(found)
        if new.alone:
            query = sa.select(_R.id).where(_R.alone == new.alone, _R.state.in_(OPEN))
            return str(connection.execute(query).scalar_one_or_none() or "")
        query = sa.select(_R.id).where(_R.id == new.id)
        return str(connection.execute(query).scalar_one_or_none() or "")

    def known(self, keys: Sequence[str], *, refresh: bool = True) -> set[str]:
        """Which of these keys have started something; with `refresh` they are remembered for
        longer."""
        found: set[str] = set()
        with self.base.write() if refresh else self.base.read() as connection:
            now = self.base.now(connection)
            for at in range(0, len(keys), 500):
                some = STARTS.c.key.in_(keys[at : at + 500])
                rows = connection.execute(sa.select(STARTS.c.key, STARTS.c.seen).where(some)).all()
                found |= {row.key for row in rows}
                if refresh and any(now - row.seen > 86400 for row in rows):
                    connection.execute(sa.update(STARTS).where(some).values(seen=now))
        return found

    # What a run's own flow says.

    def begin(self, ident: str, segment: int, worker: str) -> RunRecord | None:
        """A worker goes on with a run; None where it has ended meanwhile, is further on, or another
        worker has it: the engine may hand one out twice, where two look after a dead worker."""
        with self.base.write() as connection:
            now = self.base.now(connection)
            free = sa.or_(_R.state != "running", _R.worker == "")
            mine = sa.and_(_R.id == ident, _R.segment == segment, _R.state.in_(OPEN), free)
            started = sa.func.coalesce(_R.started, now)
            changes = {"state": "running", "worker": worker, "waits": "{}"}
            done = connection.execute(
                sa.update(RUNS).where(mine).values(started=started, **changes)
            )
            return self._run(connection, ident) if done.rowcount else None

    def keep(self, ident: str, segment: int, values: Mapping[str, Any]) -> None:
        """What a run's steps have found out so far."""
        self._change(ident, segment, found=json.dumps(values))

    def wait(self, ident: str, segment: int, waits: Mapping[str, Any], why: str) -> bool:
        """A run waits, `on` something (person:STEP, run:ID) and/or `until` a time; whether it was
        ours to say."""
        return self._change(
            ident, segment, state="waiting", waits=json.dumps(waits), why=why, worker=""
        )

    def hand_back(self, ident: str, segment: int) -> bool:
        """A worker that ends gives a run back: it goes on elsewhere."""
        with self.base.write() as connection:
            mine = sa.and_(_R.id == ident, _R.segment == segment, _R.state == "running")
            changed = connection.execute(
                sa.update(RUNS).where(mine).values(state="queued", worker="", segment=segment + 1)
            )
            if changed.rowcount:
                self._enqueue(connection, ident, segment + 1)
            return bool(changed.rowcount)

    def free(self, worker: str) -> None:
        """A worker has died: its runs are nobody's."""
        with self.base.write() as connection:
            theirs = sa.and_(_R.worker == worker, _R.state == "running")
            connection.execute(sa.update(RUNS).where(theirs).values(worker=""))

    def pick_up(self, ident: str, segment: int, worker: str) -> bool:
        """A run that stands still goes on, which was this worker's; whether it still stood."""
        with self.base.write() as connection:
            record = self._run(connection, ident, alone=True)
            stands = record is not None and record.state in ("queued", "running")
            if record is None or not stands or (record.segment, record.worker) != (segment, worker):
                return False
            running = sa.and_(ATTEMPTS.c.run == ident, ATTEMPTS.c.state == "running")
            lost = {"state": "lost", "ended": self.base.now(connection)}
            connection.execute(sa.update(ATTEMPTS).where(running).values(lost))
            self._again(connection, record)
            return True

    def close(self, ident: str, segment: int, state: str, why: str) -> bool:
        """A run has ended; whether it was ours to say."""
        with self.base.write() as connection:
            mine = sa.and_(_R.id == ident, _R.segment == segment, _R.state.in_(OPEN))
            return self._end(connection, mine, state, why) > 0

    def _end(self, connection: sa.Connection, which: Any, state: str, why: str) -> int:
        now = self.base.now(connection)
        changes = {"state": state, "ended": now, "why": why, "waits": "{}"}
        return int(connection.execute(sa.update(RUNS).where(which).values(changes)).rowcount)

    def _change(self, ident: str, segment: int, **values: Any) -> bool:
        with self.base.write() as connection:
            mine = sa.and_(_R.id == ident, _R.segment == segment, _R.state == "running")
            return connection.execute(sa.update(RUNS).where(mine).values(values)).rowcount > 0

    # What others say of it.

    def wake(self) -> int:
        """Let those that wait go on, whose time has come, whose step somebody has decided on, or
        whose other run has ended; how many."""
        done = 0
        with self.base.read() as connection:
            now = self.base.now(connection)
            query = sa.select(RUNS).where(_R.state == "waiting")
            waiting = [run_of(row) for row in connection.execute(query)]
            ready = [one for one in waiting if self._is_ready(connection, one, now)]
        for one in ready:
            with self.base.write() as connection:
                record = self._run(connection, one.id, alone=True)
                if record and record.state == "waiting" and record.segment == one.segment:
                    self._again(connection, record)
                    done += 1
        return done

    def _is_ready(self, connection: sa.Connection, run: RunRecord, now: float) -> bool:
        until = run.waits.get("until")
        # It was told to end just as it began to wait.
        if run.stop or (until is not None and until <= now):
            return True
        on = (run.waits.get("on"), *(run.waits.get("also") or ()))
        return any(self._has_come(connection, run, str(one or "")) for one in on)

    def _has_come(self, connection: sa.Connection, run: RunRecord, on: str) -> bool:
        kind, _, what = on.partition(":")
        if kind == "run":
            other = self._run(connection, what)
            return other is None or other.state in CLOSED
        return kind == "person" and self._decided(connection, run.id, what) is not None

    def _again(self, connection: sa.Connection, record: RunRecord) -> None:
        segment = record.segment + 1
        changes = {"state": "queued", "segment": segment, "waits": "{}", "worker": "",
                   "why": ""}  # fmt: skip
        connection.execute(sa.update(RUNS).where(_R.id == record.id).values(changes))
        self._enqueue(connection, record.id, segment)

    def ask_to_stop(self, ident: str, how: str, by: str) -> str:
        """End a run: `how` is cancelled, which lets its steps end, or terminated. What it was.
        One that nobody works at ends at once."""
        with self.base.write() as connection:
            record = self._run(connection, ident, alone=True)
            if record is None or record.state in CLOSED:
                return record.state if record else ""
            stop = sa.update(RUNS).where(_R.id == ident).values(stop=f"{how} by {by}")
            connection.execute(stop)
            if record.state != "running" or how == "terminated":
                still = sa.and_(_R.id == ident, _R.state.in_(OPEN))
                self._end(connection, still, how, f"by {by}")
            return record.state

    def decide(self, ident: str, step: str, by: str, *, yes: bool) -> bool:
        """Somebody says yes or no to a step; False where somebody has before."""
        with self.base.write() as connection:
            values = {"run": ident, "step": step, "yes": int(yes), "by_whom": by,
                      "at": self.base.now(connection)}  # fmt: skip
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(DECISIONS).values(values))
            except sa.exc.IntegrityError:
                return False
            return True

    def again_from(self, run: RunRecord, steps: Sequence[str], values: Mapping[str, Any]) -> bool:
        """A run that has ended goes on from the first of these steps, with what was found out
        before it, and with this definition; whether it had ended, and all its steps had, and
        no other run is open under the same `alone`."""
        try:
            return self._again_from(run, steps, values)
        except sa.exc.IntegrityError:
            return False

    def _again_from(self, run: RunRecord, steps: Sequence[str], values: Mapping[str, Any]) -> bool:
        ident = run.id
        alive = sa.select(WORKERS.c.id)
        still = sa.and_(ATTEMPTS.c.run == ident, ATTEMPTS.c.state == "running",
                        ATTEMPTS.c.worker.in_(alive))  # fmt: skip
        with self.base.write() as connection:
            record = self._run(connection, ident, alone=True)
            if record is None or record.state not in CLOSED:
                return False
            if connection.execute(sa.select(ATTEMPTS.c.step).where(still)).first():
                return False
            some = sa.and_(ATTEMPTS.c.run == ident, ATTEMPTS.c.step.in_(steps))
            connection.execute(sa.update(ATTEMPTS).where(some).values(stale=1))
            decided = sa.and_(DECISIONS.c.run == ident, DECISIONS.c.step.in_(steps))
            connection.execute(sa.delete(DECISIONS).where(decided))
            found = {"found": json.dumps(values), "stop": "", "started": None, "ended": None,
                     "definition": json.dumps(run.definition), "version": run.version}  # fmt: skip
            connection.execute(sa.update(RUNS).where(_R.id == ident).values(found))
            self._again(connection, replace(record, values=dict(values)))
            return True
