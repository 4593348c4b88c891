"""A process that takes runs from the engine's queue."""

import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from dbos import DBOS

from labtool.core.errors import Failed
from labtool.services.engine.base import Base
from labtool.services.engine.queue import QUEUE, VERSION, WORKFLOW, Json

# Seconds between looks at the queue.
_POLL = 0.5

Call = Callable[[], dict[str, Any]]


class Steps(Protocol):
    """What a segment does step by step: what a step gave is kept, and it is not done again."""

    def together(self, calls: Sequence[tuple[str, Call]]) -> list[dict[str, Any]]:
        """Do these side by side, each with its name; what they gave, once all have."""


# Does a segment of a run: the run's id, the segment's number.
Flow = Callable[[str, int, Steps], None]


class _Durable:
    """Steps of the engine."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def together(self, calls: Sequence[tuple[str, Call]]) -> list[dict[str, Any]]:
        """Numbered in their order, each in a thread of its own."""
        reserved = [(name, call, DBOS.reserve_step()) for name, call in calls]
        given: list[dict[str, Any]] = [{} for _ in calls]
        errors: list[BaseException] = []

        def do(at: int) -> None:
            name, call, place = reserved[at]
            try:
                with self._base.explained():
                    given[at] = place.run({"name": name}, call)
            except BaseException as error:  # noqa: BLE001  (raised below, in the run's thread)
                errors.append(error)

        if len(calls) == 1:
            do(0)
        else:
            threads = [
                threading.Thread(target=contextvars.copy_context().run, args=(do, at))
                for at in range(len(calls))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]
        return given


@contextmanager
def working(base: Base, worker: str, at_once: int, flow: Flow) -> Iterator[None]:
    """Take runs from the queue, at most so many `at_once`, and let `flow` do each, until the block
    ends. `worker` is this process's name, which nobody else has. What `flow` raises ends its
    segment as an error; so it raises nothing that it can help. Raises Failed where the engine
    cannot be started."""
    DBOS.destroy(destroy_registry=True)
    try:
        DBOS(
            config={
                "name": "labtool",
                "system_database_url": base.url,
                "system_database_engine": base.engine,
                "application_version": VERSION,
                "executor_id": worker,
                "serializer": Json(),
                "log_level": "CRITICAL",
                "run_admin_server": False,
                "enable_otlp": False,
                # Of what is not used here; who stops waits for the first.
                "notification_listener_polling_interval_sec": 1.0,
                "scheduler_polling_interval_sec": 3600.0,
                "max_executor_threads": at_once + 4,
            }  # type: ignore[typeddict-unknown-key]  # its types lag behind what it takes
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        def segment(ident: str, number: int) -> None:
            flow(ident, number, _Durable(base))

        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=at_once, polling_interval_sec=_POLL,
                            on_conflict="always_update")  # fmt: skip
    except Exception as error:
        DBOS.destroy(destroy_registry=True)
        what = f"the engine cannot be started ({error})"
        raise Failed(what, where=base.show, fix="look at its database", code="engine") from error
    try:
        yield
    finally:
        DBOS.destroy(destroy_registry=True)
