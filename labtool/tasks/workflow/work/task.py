"""`labtool workflow work`."""

from labtool.core.service import checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.workflow.definition import workflows_of
from labtool.tasks.workflow.runs import opened
from labtool.tasks.workflow.work.upkeep import tidy
from labtool.tasks.workflow.work.worker import Round, Worker

# Seconds between looks for what may be forgotten.
_TIDY = 3600.0


def work(run: Run, *, follow: bool) -> None:
    """Work at what is there to do; with `follow`, until told to stop. Raises ConfigError, Failed,
    StateError, Temporary, and KeyboardInterrupt after ^C."""
    workflows_of(run.config)
    if run.dry_run:
        _look(run)
        return
    with opened(run.config) as runs:
        worker = Worker(run, runs)

        def after() -> None:
            if follow:
                checkpoint(run)

        def forget() -> None:
            forgotten = tidy(run.config, runs)
            if forgotten:
                run.counts["forgotten"] += forgotten

        with until_told_to_stop(worker.stopped.set):
            worker.work(follow=follow, rounds=[Round(_TIDY, forget)], after=after)
    if follow:
        run.summary = "stopped"


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
