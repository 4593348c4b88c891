"""Runs on the engine's queue, workers' signs of life, and what dead ones have left."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, Serializer, run_dbos_database_migrations
from dbos import error as refusals

from labtool.core.errors import Failed
from labtool.core.text import one_line
from labtool.services.engine.base import Base
from labtool.services.engine.records import CLOSED, LEASE, WorkerRecord
from labtool.services.engine.tables import ATTEMPTS, DECISIONS, RUNS, STARTS, WORKERS

# Names in the engine's database. The version is that of how a segment is run; a run keeps the
# version of its workflow by itself.
QUEUE, WORKFLOW, VERSION = "labtool", "labtool", "1"
_W = WORKERS.c
# What the engine says goes where everything else of ours goes, as errors.
logging.getLogger("dbos").setLevel(logging.CRITICAL)


class Json(Serializer):
    """What the engine keeps, as JSON: anybody can read it, and it can do nothing."""

    def serialize(self, data: Any) -> str:
        """As text."""
        return json.dumps(data, default=str)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805  (as the library has it)
        """From text."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """What the engine calls it."""
        return "labtool_json"


class Queue:
    """The engine's queue in a database."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def prepare(self) -> None:
        """Make what is not there. Raises as `Base.write`."""
        self._base.prepare()
        with self._base.explained():
            try:
                if not self._base.is_ready():
                    run_dbos_database_migrations(self._base.url)
            except refusals.DBOSException as error:
                what = f"is not the engine's ({one_line(str(error), 200)})"
                raise Failed(what, where=self._base.show, fix="take another database") from error

    @cached_property
    def _client(self) -> DBOSClient:
        return DBOSClient(
            system_database_url=self._base.url,
            system_database_engine=self._base.engine,
            serializer=Json(),
        )

    def put(self, connection: sa.Connection, ident: str, segment: int) -> None:
        """Put a segment of a run there, within the caller's transaction."""
        self._client.enqueue_in_transaction(
            connection,
            {
                "queue_name": QUEUE,
                "workflow_name": WORKFLOW,
                "workflow_id": _segment(ident, segment),
                "app_version": VERSION,
            },
            ident,
            segment,
        )

    def beat(self, worker: WorkerRecord) -> None:
        """A worker lives."""
        with self._base.write() as connection:
            now = self._base.now(connection)
            changes = {"beat": now, "draining": int(worker.draining), "gone": 0}
            if not connection.execute(
                sa.update(WORKERS).where(_W.id == worker.id).values(changes)
            ).rowcount:
                values = {"id": worker.id, "host": worker.host, "pid": worker.pid, "started": now}
                connection.execute(sa.insert(WORKERS).values({**values, **changes}))

    def leave(self, worker: str) -> None:
        """A worker ends, and has left nothing."""
        with self._base.write() as connection:
            connection.execute(sa.delete(WORKERS).where(_W.id == worker))

    def workers(self) -> list[tuple[WorkerRecord, float]]:
        """The workers that have not ended well, with the seconds since each one's sign."""
        with self._base.read() as connection:
            now = self._base.now(connection)
            rows = connection.execute(sa.select(WORKERS).order_by(_W.started)).all()
        return [
            (WorkerRecord(row.id, row.host, row.pid, row.started, row.beat, bool(row.draining)),
             now - row.beat)
            for row in rows
        ]  # fmt: skip

    def dead(self, host: str, lives: Callable[[str], bool | None]) -> list[WorkerRecord]:
        """The workers that do not live any more: those of this `host` by asking `lives`; others,
        and those of which it knows nothing (another machine has the same name, or another state
        folder), once their sign is old."""
        found = []
        for worker, seconds in self.workers():
            known = lives(worker.id) if worker.host == host else None
            if known is False or (known is None and not 0 <= seconds + 1 <= LEASE):
                found.append(worker)
        return found

    def pending(self) -> list[tuple[str, str, str]]:
        """What the engine has given to workers: a run's segment, the run, and the worker."""
        with self._base.explained():
            found = self._client.list_workflows(
                status="PENDING", load_input=False, load_output=False
            )
        return [(one.workflow_id, one.workflow_id.rpartition("~")[0], one.executor_id or "")
                for one in found]  # fmt: skip

    def resume(self, segments: Sequence[str]) -> None:
        """Give these to whoever lives, as nobody is at them any more."""
        if segments:
            with self._base.explained():
                self._client.resume_workflows(list(segments), queue_name=QUEUE)

    def standing(self) -> list[tuple[str, int, str]]:
        """Runs that are to go on, and that the engine knows nothing of any more, with their
        segments and workers: whoever worked at one could not say how it ended."""
        query = sa.select(RUNS.c.id, RUNS.c.segment, RUNS.c.worker).where(
            RUNS.c.state.in_(("queued", "running"))
        )
        with self._base.read() as connection:
            rows = [(row.id, row.segment, row.worker) for row in connection.execute(query)]
        there: set[str] = set()
        with self._base.explained():
            for at in range(0, len(rows), 500):
                found = self._client.list_workflows(
                    workflow_ids=[_segment(one[0], one[1]) for one in rows[at : at + 500]],
                    status=["PENDING", "ENQUEUED", "DELAYED"],
                    load_input=False,
                    load_output=False,
                )
                there |= {one.workflow_id for one in found}
        return [one for one in rows if _segment(one[0], one[1]) not in there]

    def tidy(self, keep: float, starts: float) -> list[str]:
        """Forget at most 500 runs that ended more than `keep` seconds ago, and keys that nothing
        has asked for within `starts`; the runs' ids."""
        with self._base.read() as connection:
            now = self._base.now(connection)
            old = sa.and_(RUNS.c.state.in_(CLOSED), RUNS.c.ended < now - keep)
            query = sa.select(RUNS.c.id, RUNS.c.segment).where(old).order_by(RUNS.c.ended)
            rows = connection.execute(query.limit(500)).all()
        ids = [row.id for row in rows]
        segments = [_segment(row.id, n) for row in rows for n in range(1, row.segment + 1)]
        with self._base.explained():
            if segments:
                self._client.delete_workflows(segments)
        with self._base.write() as connection:
            for table, column in ((ATTEMPTS, "run"), (DECISIONS, "run"), (RUNS, "id")):
                connection.execute(sa.delete(table).where(table.c[column].in_(ids)))
            connection.execute(sa.delete(STARTS).where(STARTS.c.seen < now - starts))
        return ids

    def close(self) -> None:
        """Let go of it."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.destroy()


def _segment(ident: str, segment: int) -> str:
    return f"{ident}~{segment}"
