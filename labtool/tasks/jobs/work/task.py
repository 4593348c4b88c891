"""`labtool jobs work`."""

import shutil
import time
from contextlib import suppress

from labtool.core.service import checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.jobs.open import jobs_of, settings_of
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.work.worker import Worker


def work(run: Run, *, follow: bool) -> None:
    """Run what is due; with `follow`, until told to stop. Raises ConfigError, StateError, and
    KeyboardInterrupt after ^C."""
    worker = Worker(run, jobs_of(run.config), settings_of(run.config))
    queue = Queue(run.database, time.time)
    if run.dry_run:
        number = queue.peek()
        run.shown = True
        print("nothing is due" if number is None else f"would run {queue.entry(number).type}")
        return
    _forget(run, queue, worker)
    with until_told_to_stop(worker.stopped.set):
        worker.work(follow=follow, after=lambda: checkpoint(run) if follow else None)
    if follow:
        run.summary = "stopped"


def _forget(run: Run, queue: Queue, worker: Worker) -> None:
    """What ended long ago, and what it printed."""
    settings = worker.settings
    Suppressions(run.database, time.time).tidy()
    base = run.config.resolve(settings.logs) if settings.logs else run.config.state / "logs/jobs"
    for number in queue.tidy(settings.keep.total_seconds()):
        for folder in base.glob(f"{number}-*"):
            with suppress(OSError):
                shutil.rmtree(folder)
