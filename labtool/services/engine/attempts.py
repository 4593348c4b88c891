"""The attempts at the steps of runs, as they are kept. Every change is a transaction."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from labtool.services.engine.base import Base
from labtool.services.engine.records import AttemptRecord, LostError, RunRecord
from labtool.services.engine.tables import ATTEMPTS, RUNS

_A, _R = ATTEMPTS.c, RUNS.c


class Attempts:
    """Those of a database."""

    def __init__(self, base: Base) -> None:
        self.base = base

    def of(self, ident: str) -> list[AttemptRecord]:
        """All at a run's steps, in order."""
        query = sa.select(ATTEMPTS).where(_A.run == ident)
        query = query.order_by(_A.scheduled, _A.step, _A.attempt)
        with self.base.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def schedule(self, run: RunRecord, step: str) -> list[AttemptRecord]:
        """A run has come to a step: the attempts at it since it did so for the first time, of
        which the last may have ended. Raises LostError."""
        with self.base.write() as connection:
            self._hold(connection, run)
            found = self._at(connection, run.id, step)
            if all(one.stale for one in found):
                self._insert(connection, run.id, step, len(found) + 1, self.base.now(connection))
                found = self._at(connection, run.id, step)
            return [one for one in found if not one.stale]

    def begin(self, run: RunRecord, step: str) -> AttemptRecord:
        """An attempt of a run's worker begins: the one that is scheduled, or another one. Raises
        LostError."""
        ident = run.id
        with self.base.write() as connection:
            self._hold(connection, run)
            now = self.base.now(connection)
            found = self._at(connection, ident, step)
            number = len(found)
            if not found or found[-1].state != "scheduled" or found[-1].stale:
                number += 1
                first = next((one.scheduled for one in found if not one.stale), now)
                self._insert(connection, ident, step, number, first)
            changes = {"state": "running", "worker": run.worker, "token": secrets.token_hex(16),
                       "started": now, "beat": now}  # fmt: skip
            is_it = sa.and_(_A.run == ident, _A.step == step, _A.attempt == number)
            connection.execute(sa.update(ATTEMPTS).where(is_it).values(changes))
            return self._at(connection, ident, step)[-1]

    def end(self, attempt: AttemptRecord, state: str, why: str, output: Mapping[str, Any]) -> bool:
        """It has ended; False where it was given up as lost meanwhile."""
        is_it = sa.and_(
            _A.run == attempt.run,
            _A.step == attempt.step,
            _A.attempt == attempt.attempt,
            _A.state == "running",
            _A.token == attempt.token,
        )
        with self.base.write() as connection:
            changes = {"state": state, "ended": self.base.now(connection), "why": why,
                       "output": json.dumps(output)}  # fmt: skip
            return connection.execute(sa.update(ATTEMPTS).where(is_it).values(changes)).rowcount > 0

    def beat(self, attempt: AttemptRecord) -> None:
        """It goes on."""
        is_it = sa.and_(_A.run == attempt.run, _A.step == attempt.step,
                        _A.attempt == attempt.attempt, _A.token == attempt.token)  # fmt: skip
        with self.base.write() as connection:
            now = self.base.now(connection)
            connection.execute(sa.update(ATTEMPTS).where(is_it).values(beat=now))

    def running(self, worker: str) -> list[AttemptRecord]:
        """Those that a worker is at."""
        is_it = sa.and_(_A.worker == worker, _A.state == "running")
        with self.base.read() as connection:
            return [_record(row) for row in connection.execute(sa.select(ATTEMPTS).where(is_it))]

    def lose(self, worker: str, why: str) -> list[AttemptRecord]:
        """Give up those that a worker was at, which has died; which they are."""
        is_it = sa.and_(_A.worker == worker, _A.state == "running")
        with self.base.write() as connection:
            found = [_record(row) for row in connection.execute(sa.select(ATTEMPTS).where(is_it))]
            changes = {"state": "lost", "ended": self.base.now(connection), "why": why}
            connection.execute(sa.update(ATTEMPTS).where(is_it).values(changes))
        return found

    def _hold(self, connection: sa.Connection, run: RunRecord) -> None:
        """Its worker has it, until the transaction ends. Raises LostError where the run was ended,
        and begun again, meanwhile."""
        held = sa.and_(_R.id == run.id, _R.segment == run.segment, _R.state == "running",
                       _R.worker == run.worker)  # fmt: skip
        if connection.execute(sa.select(_R.id).where(held).with_for_update()).first() is None:
            raise LostError

    def _insert(
        self, connection: sa.Connection, ident: str, step: str, number: int, at: float
    ) -> None:
        values = {"run": ident, "step": step, "attempt": number, "state": "scheduled",
                  "scheduled": at}  # fmt: skip
        connection.execute(sa.insert(ATTEMPTS).values(values))

    def _at(self, connection: sa.Connection, ident: str, step: str) -> list[AttemptRecord]:
        query = sa.select(ATTEMPTS).where(_A.run == ident, _A.step == step).order_by(_A.attempt)
        return [_record(row) for row in connection.execute(query)]


def _record(row: Any) -> AttemptRecord:
    found = dict(row._mapping)  # noqa: SLF001  (its documented name)
    return AttemptRecord(**{**found, "output": json.loads(found["output"]),
                            "stale": bool(found["stale"])})  # fmt: skip
