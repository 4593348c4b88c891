"""Runs, as they are kept: what is asked of them."""

from collections.abc import Sequence

import sqlalchemy as sa

from labtool.services.engine.base import Base
from labtool.services.engine.records import CLOSED, OPEN, RunRecord, run_of
from labtool.services.engine.tables import DECISIONS, RUNS

_R = RUNS.c


class Looks:
    """The runs of a database, to look at."""

    def __init__(self, base: Base) -> None:
        self.base = base

    def run(self, ident: str) -> RunRecord | None:
        """A run, by its id."""
        with self.base.read() as connection:
            return self._run(connection, ident)

    def runs(
        self, states: Sequence[str] = (*OPEN, *CLOSED), workflow: str = "", newest: int = 30
    ) -> list[RunRecord]:
        """The newest runs in these states, the newest first."""
        query = sa.select(RUNS).where(_R.state.in_(states))
        if workflow:
            query = query.where(_R.workflow == workflow)
        query = query.order_by(_R.created.desc(), _R.id).limit(newest)
        with self.base.read() as connection:
            return [run_of(row) for row in connection.execute(query)]

    def like(self, prefix: str) -> list[str]:
        """The ids of at most ten runs that begin so."""
        pattern = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = sa.select(_R.id).where(_R.id.like(f"{pattern}%", escape="\\")).limit(10)
        with self.base.read() as connection:
            return list(connection.execute(query).scalars())

    def ended(self, since: float) -> list[tuple[str, str, float]]:
        """The runs that have ended since then: workflow, closing status, when."""
        query = sa.select(_R.workflow, _R.state, _R.ended).where(_R.ended >= since)
        with self.base.read() as connection:
            return [(row.workflow, row.state, row.ended) for row in connection.execute(query)]

    def last_completed(self, alone: str) -> float | None:
        """When the last run under this `alone` that was completed began."""
        query = sa.select(sa.func.max(_R.created)).where(_R.alone == alone, _R.state == "completed")
        with self.base.read() as connection:
            found: float | None = connection.execute(query).scalar_one()
            return found

    def is_open(self, alone: str) -> bool:
        """Whether a run is open under this `alone`."""
        query = sa.select(_R.id).where(_R.alone == alone, _R.state.in_(OPEN))
        with self.base.read() as connection:
            return connection.execute(query).first() is not None

    def open_runs(self, others: Sequence[str] = ()) -> int:
        """How many runs are queued or running, but for those that these workers work at."""
        which = sa.and_(_R.state.in_(("queued", "running")), _R.worker.not_in(others))
        with self.base.read() as connection:
            query = sa.select(sa.func.count()).select_from(RUNS).where(which)
            return int(connection.execute(query).scalar_one())

    def stops(self, worker: str) -> dict[tuple[str, int], str]:
        """The runs of a worker that are to end, with their segments, and how and by whom."""
        query = sa.select(_R.id, _R.segment, _R.stop).where(
            _R.worker == worker, sa.text("stop <> ''")
        )
        with self.base.read() as connection:
            return {(row.id, row.segment): row.stop for row in connection.execute(query)}

    def decision(self, ident: str, step: str) -> tuple[bool, str] | None:
        """What was decided, and by whom."""
        with self.base.read() as connection:
            return self._decided(connection, ident, step)

    def _run(
        self, connection: sa.Connection, ident: str, *, alone: bool = False
    ) -> RunRecord | None:
        """A run; `alone`: nobody else changes it before the transaction ends."""
        query = sa.select(RUNS).where(_R.id == ident)
        row = connection.execute(query.with_for_update() if alone else query).one_or_none()
        return run_of(row) if row else None

    def _decided(self, connection: sa.Connection, ident: str, step: str) -> tuple[bool, str] | None:
        query = sa.select(DECISIONS).where(DECISIONS.c.run == ident, DECISIONS.c.step == step)
        row = connection.execute(query).one_or_none()
        return (bool(row.yes), row.by_whom) if row else None
