"""`labtool workflow work`."""

from labtool.core.service import Round, checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.workflow.definition import workflows_of
from labtool.tasks.workflow.runs import Runs, opened
from labtool.tasks.workflow.triggers.looking import look_all
from labtool.tasks.workflow.work.upkeep import tidy
from labtool.tasks.workflow.work.worker import Worker

# Seconds between looks for what may be forgotten.
_TIDY = 3600.0
# And for files that have arrived.
_ARRIVALS = 2.0


def work(run: Run, *, follow: bool) -> None:
    """Work at what is there to do; with `follow`, until told to stop. Raises ConfigError, Failed,
    StateError, Temporary, and KeyboardInterrupt after ^C."""
    workflows_of(run.config)
    if run.dry_run:
        _look(run)
        return
    with opened(run.config) as runs:
        _work(run, runs, follow=follow)
    if follow:
        run.summary = "stopped"


def _work(run: Run, runs: Runs, *, follow: bool) -> None:
    worker = Worker(run, runs)

    def after() -> None:
        if follow:
            checkpoint(run)

    def count(what: str, number: int) -> None:
        if number:
            run.counts[what] += number
        if number or run.errors:
            after()

    rounds = [Round(_TIDY, lambda: count("forgotten", tidy(run.config, runs)))]
    if run.config.has("triggers"):
        rounds.append(Round(_ARRIVALS, lambda: count("started", look_all(run, runs))))
    with until_told_to_stop(worker.stopped.set):
        worker.work(follow=follow, rounds=rounds, after=after)


def _look(run: Run) -> None:
    """What waits to be worked at."""
    run.shown = True
    with opened(run.config, look=True) as runs:
        waiting = runs.ledger.runs(("queued",), newest=1000) if runs.base.exists else []
    run.result["runs"] = [one.id for one in waiting]
    for one in waiting:
        print(f"would work at {one.id}")
    if not waiting:
        print("nothing waits")
