"""`labtool workflow work`."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from labtool.core.config import Config
from labtool.core.log import complain
from labtool.core.service import Fresh, Round, checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.workflow.definition import engine_of
from labtool.tasks.workflow.runs import Runs, opened, wanted
from labtool.tasks.workflow.triggers.looking import Found, Lookout
from labtool.tasks.workflow.triggers.section import Triggers
from labtool.tasks.workflow.work.lookout import beside
from labtool.tasks.workflow.work.upkeep import tidy

# Seconds: between looks for what may be forgotten, and at the config.
_TIDY, _CONFIG = 600.0, 1.0


def work(run: Run, *, follow: bool, again: Callable[[], Config]) -> None:
    """Work at what is there to do; with `follow`, until told to stop. `again` reads the config,
    to say so where it cannot be read any more. Raises ConfigError, Failed, StateError, Temporary,
    and KeyboardInterrupt after ^C."""
    wanted(run.config)
    if run.dry_run:
        _look(run)
        return
    rounds = []
    if follow:
        # What runs keeps its own steps; the rest is as it was when this one began.
        rounds.append(Round(_CONFIG, Fresh(run.config.path, lambda: _read(again())).look))
        triggers = " and looks for files" * run.config.has("triggers")
        complain(f"{run.task.name}: works at runs{triggers} until TERM or ^C ends it")
    with opened(run.config) as runs:
        _work(run, runs, rounds, follow=follow)
    if follow:
        run.summary = "stopped"


def _work(run: Run, runs: Runs, rounds: list[Round], *, follow: bool) -> None:
    # Needs dbos, and that it is there was seen by whoever opened the runs.
    from labtool.tasks.workflow.work.worker import Worker

    worker = Worker(run, runs)

    def after() -> None:
        if follow:
            checkpoint(run)

    def count(what: str, number: int) -> None:
        if number:
            run.counts[what] += number
        if number or run.errors:
            after()

    def say(found: Found) -> None:
        for error in found.errors:
            run.fail(error)
        run.looked_at |= found.looked_at
        count("started", found.started)

    stopped = worker.stopped
    rounds.append(Round(_TIDY, lambda: count("forgotten", tidy(run.config, runs))))
    with until_told_to_stop(stopped.set), ExitStack() as stack:
        if run.config.has("triggers") and follow:
            # A large file is read for minutes, and a queue is away for one.
            looking = beside(run, runs, stopped, lambda one: worker.later(partial(say, one)))
            stack.enter_context(looking)
        elif run.config.has("triggers"):
            lookout = Lookout(run.config, run.database, runs)
            rounds.append(Round(1.0, lambda: say(lookout.look(stopped.is_set))))
        worker.work(follow=follow, rounds=rounds, after=after)


def _read(config: Config) -> Config:
    wanted(config)
    engine_of(config)
    config.section("triggers", Triggers)
    return config


def _look(run: Run) -> None:
    """What waits to be worked at, and what has arrived that starts something."""
    run.shown = True
    found = Found()
    with opened(run.config, look=True) as runs:
        waiting = runs.ledger.runs(("queued",), newest=1000) if runs.base.exists else []
        if run.config.has("triggers"):
            found = Lookout(run.config, run.database, runs).look(lambda: False)
    run.result["runs"] = [one.id for one in waiting]
    run.result["would_start"] = [{"workflow": name, "file": file} for name, file in found.would]
    for one in waiting:
        print(f"would work at {one.id}")
    for name, file in found.would:
        print(f"would start {name} for {file}")
    for name in found.unseen:
        print(f"not looked at: trigger {name}, as that would take messages from its queue")
    for error in found.errors:
        run.fail(error)
    if not (waiting or found.would or found.unseen or found.errors):
        print("nothing waits")
