"""`labtool timers run`: which timers, then each as its own process."""

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from labtool.core.clock import from_iso, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.errors import UsageError
from labtool.tasks.timers.command import TIMER_VARIABLE, this_program
from labtool.tasks.timers.due import decide
from labtool.tasks.timers.run import Job, Ran, jobs, overall, run_all, run_due, show_heading


def run_timers(
    config: Config,
    names: Sequence[str],
    *,
    everything: bool,
    due: bool,
    dry_run: bool,
    at: str,
    json: bool,
    quiet: bool,
    now: datetime,
) -> tuple[int, list[Ran]]:
    """Run the named timers, all, or those that are due; the exit status and how each ended.

    Raises UsageError when it is not said which, or a name is not in the config; StateError
    when it cannot be known which are due: none is run then, as all of them would be.
    """
    timers = config.core.timers
    if os.environ.get(TIMER_VARIABLE):
        fix = "let cron or systemd start one `timers run`, or each timer by itself"
        raise UsageError("a timer cannot run timers", fix=fix)
    if [bool(names), everything, due].count(True) != 1:
        raise UsageError("say which timers to run", fix="a NAME, --all or --due")
    unknown = [name for name in names if name not in timers]
    if unknown:
        known = ", ".join(timers) or "none"
        raise UsageError(f"there is no timer {unknown[0]}", fix=f"there are: {known}")
    extra = [*(["--dry-run"] if dry_run else []), *(["--at", at] if at else [])]
    program = [*this_program(), *(["--quiet"] if quiet else [])]
    wanted = {name: timers[name] for name in (names or timers)}
    todo = jobs(wanted, program=program, config=config.path, extra=extra)
    heading: Callable[[Job], None] = (lambda job: None) if quiet or json else show_heading
    stdout = sys.stderr.fileno() if json else None
    zone = config.core.lab.timezone
    if due and dry_run:
        marks = _Marks(Database.snapshot(config.state))
        decision = decide(
            {name: t.when for name, t in timers.items()},
            {name: marks.get(name) for name in timers},
            zone,
            now,
        )
        ready = {slot.name for slot in decision.due}
        todo = [job for job in todo if job.name in ready]
    if due and not dry_run:
        done = run_due(
            todo,
            timers,
            zone=zone,
            now=now,
            marks=_Marks(Database.open(config.state)),
            state=config.state,
            heading=heading,
            stdout=stdout,
        )
    else:
        done = run_all(todo, heading=heading, stdout=stdout)
    if due and not done and not quiet and not json:
        print("no timer is due")
    return overall(done), done


class _Marks:
    """The last handled instant of each timer, in the database."""

    def __init__(self, database: Database) -> None:
        self._marks = Marks(database, "timers")

    def get(self, name: str) -> datetime | None:
        found = self._marks.get(name)
        return from_iso(found) if found else None

    def set(self, name: str, moment: datetime) -> None:
        self._marks.put(name, iso(moment), iso(moment))
