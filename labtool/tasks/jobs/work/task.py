"""`labtool jobs work`."""

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress

from labtool.core.service import checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.jobs.open import jobs_of, settings_of, unix
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.standing import holding
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.work.telling import tell
from labtool.tasks.jobs.work.worker import Worker


def work(run: Run, *, follow: bool) -> None:
    """Run what is due; with `follow`, until told to stop. Raises ConfigError, StateError, and
    KeyboardInterrupt after ^C."""
    jobs, settings = jobs_of(run.config), settings_of(run.config)
    if run.dry_run:
        run.shown = True
        _look(run)
        return
    worker, queue = Worker(run, jobs, settings), Queue(run.database, time.time)
    # By the machine's clock, so that a pretended time forgets nothing.
    _forget(run, queue, worker)

    def after(numbers: Sequence[int]) -> None:
        for number in numbers:
            tell(run, jobs, settings, queue.entry(number), keep=not follow)
        if follow:
            checkpoint(run)

    with until_told_to_stop(worker.stopped.set):
        worker.work(follow=follow, after=after)
    if follow:
        run.summary = "stopped"


def _look(run: Run) -> None:
    """What is due, and would run."""
    now = unix(run.clock)
    queue, held = Queue(run.database, now), Suppressions(run.database, now).all()
    waiting = sorted(queue.entries(("waiting",), 1000), key=lambda one: (one.due, one.id))
    due = [one for one in waiting if one.due <= now() and not holding(one, held, now())]
    run.result["jobs"] = [{"id": one.id, "type": one.type} for one in due]
    for one in due:
        print(f"would run {phrase(one)} ({one.id})")
    if not due:
        print("nothing is due")


def _forget(run: Run, queue: Queue, worker: Worker) -> None:
    """What ended long ago, and what it printed."""
    settings = worker.settings
    Suppressions(run.database, time.time).tidy()
    base = run.config.resolve(settings.logs) if settings.logs else run.config.state / "logs/jobs"
    for number in queue.tidy(settings.keep.total_seconds()):
        for folder in base.glob(f"{number}-*"):
            with suppress(OSError):
                shutil.rmtree(folder)
