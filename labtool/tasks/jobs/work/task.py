"""`labtool jobs work`."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from labtool.core.config import Config
from labtool.core.service import Fresh, Round, checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.jobs.open import jobs_of, let_know, settings_of, unix
from labtool.tasks.jobs.places import is_logs_of
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import Jobs, JobsSettings
from labtool.tasks.jobs.standing import holding
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.work.telling import tell
from labtool.tasks.jobs.work.worker import Worker

# Seconds between looks for what may be forgotten.
_TIDY = 3600.0


def work(run: Run, *, follow: bool, again: Callable[[], Config]) -> None:
    """Run what is due; with `follow`, until told to stop, and by the config as it is then: `again`
    reads it. Raises ConfigError, StateError, and KeyboardInterrupt after ^C."""
    jobs, settings = jobs_of(run.config), settings_of(run.config)
    if run.dry_run:
        run.shown = True
        _look(run)
        return
    worker, queue = Worker(run, jobs, settings), Queue(run.database, time.time)

    def after(numbers: Sequence[int]) -> None:
        for number in numbers:
            tell(run, worker.jobs, worker.settings, queue.entry(number), keep=not follow)
        if follow:
            checkpoint(run)

    def read() -> tuple[Jobs, JobsSettings]:
        config = again()
        return jobs_of(config), settings_of(config)

    fresh = Fresh(run.config.path, read)

    def look() -> None:
        if found := fresh.look():
            worker.jobs, worker.settings = found

    with until_told_to_stop(worker.stopped.set):
        # By the machine's clock, so that a pretended time forgets nothing.
        rounds = [Round(_TIDY, lambda: _forget(run, queue, worker))]
        if follow:
            rounds.append(Round(0, look))
        worker.work(follow=follow, after=after, rounds=rounds)
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
    with run.database.write():
        for entry in queue.expire():
            if entry.asker.channel:
                text = f"{phrase(entry)} ({entry.id}) has expired: nobody confirmed it"
                let_know(run.database, run.clock, entry, text)
    base = run.config.resolve(settings.logs) if settings.logs else run.config.state / "logs/jobs"
    for number in queue.tidy(settings.keep.total_seconds()):
        for folder in base.glob(f"{number}-*"):
            if is_logs_of(folder.name, number):
                with suppress(OSError):
                    shutil.rmtree(folder)
