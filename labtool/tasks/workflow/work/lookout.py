"""A worker that stays looks for what arrives in a thread beside its rounds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labtool.core.database import Database
from labtool.core.errors import LabtoolError
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.workflow.runs import Runs
from labtool.tasks.workflow.triggers.looking import Found, Lookout

# Seconds: between looks whether it is time for one, after trouble of our own, and for the thread
# to end, which a call that hangs may not.
_LOOK, _PAUSE, _END = 0.5, 30.0, 5.0


@contextmanager
def beside(
    run: Run, runs: Runs, stopped: threading.Event, say: Callable[[Found], None]
) -> Iterator[None]:
    """Look until `stopped`, and `say` what was found, from that thread."""

    def look() -> None:
        while not stopped.is_set():
            try:
                database = Database.open(run.config.state)
                try:
                    _look(Lookout(run.config, database, runs), stopped, say)
                finally:
                    database.close()
            except Exception as error:  # noqa: BLE001  (a part of the run boundary)
                found = error if isinstance(error, LabtoolError) else bug(error, run.task)
                found.topic = "triggers"
                say(Found(errors=[found]))
                stopped.wait(_PAUSE)

    thread = threading.Thread(target=look, daemon=True, name="arrivals")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_END)


def _look(lookout: Lookout, stopped: threading.Event, say: Callable[[Found], None]) -> None:
    standing: dict[str, str] = {}
    while not stopped.wait(_LOOK):
        found = lookout.look(stopped.is_set)
        new = [error for error in found.errors if standing.get(error.topic) != str(error)]
        over = found.looked_at & standing.keys()
        standing |= {error.topic: str(error) for error in new}
        for topic in over:
            del standing[topic]
        if found.started or new or over:
            say(Found(found.started, new, found.looked_at))
