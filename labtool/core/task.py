"""A task's work as the run boundary and the task itself see it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from labtool.core import errors as e
from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.delivery import Post, deliver
from labtool.core.errors import LabtoolError
from labtool.core.log import complain
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox


@dataclass(slots=True)
class Task:
    """What the boundary must know of a task's run.

    `arguments` are those that make it another piece of work (not `--json`). `connect`
    gives the means of sending for a database, and `admins` who hears of errors; both are
    called only when there is something to send. A `quiet` run prints only what the journal
    cannot keep. One that is `alone` has nothing to do while another of its name runs; others
    come after each other. Those that run `together` lock what they work on themselves. `ping`
    tells a dead man's switch of "start", "success" and "fail".
    """

    name: str
    arguments: tuple[str, ...]
    timer: str
    config: Config
    clock: Clock
    dry_run: bool
    json: bool
    verbose: bool
    quiet: bool
    connect: Callable[[Database], Post]
    admins: Callable[[Database], Sequence[Recipient]]
    ping: Callable[[Literal["start", "success", "fail"]], None] = lambda event: None
    alone: bool = False
    together: bool = False
    about: str = ""

    @property
    def lock(self) -> str:
        """The name of the lock that only runs of this very command share."""
        digest = hashlib.sha256(self.command.encode()).hexdigest()[:12]
        return f"{self.name}-{digest}"

    @property
    def command(self) -> str:
        """The command with all its arguments."""
        return " ".join((self.name, *self.arguments))

    @property
    def scope(self) -> str:
        """The command, as the ledger of errors knows it."""
        return self.about or self.command


@dataclass(slots=True)
class Run:
    """A task's run as the task sees it.

    `counts` are what it did, by name; `errors` what went wrong; `standing` what went wrong
    before and still waits for an admin; `looked_at` the topics whose errors, if they were
    not met, are over; `result` what `--json` shows of it beside these;
    `shown` says that a dry run printed its plan itself, or that another one has printed all
    there is to print; `summary` is how a run ended that has
    no counts; `place` is where to find what it counts.
    """

    task: Task
    database: Database
    outbox: Outbox
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[LabtoolError] = field(default_factory=list)
    standing: Sequence[LabtoolError] = ()
    looked_at: set[str] = field(default_factory=set)
    result: dict[str, Any] = field(default_factory=dict)
    shown: bool = False
    summary: str = ""
    place: str = ""

    @property
    def config(self) -> Config:
        """The lab's config."""
        return self.task.config

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.task.clock

    @property
    def dry_run(self) -> bool:
        """Whether nothing outside the process may change."""
        return self.task.dry_run

    def fail(self, error: LabtoolError) -> None:
        """One item failed; its siblings go on, and the exit status is not 0."""
        if str(error) not in {str(known) for known in self.errors}:
            complain(str(error))
        self.errors.append(error)

    def deliver(self, only: Callable[[Message], bool] = lambda message: True) -> None:
        """Send what the outbox holds now, or some of it; the boundary sends the rest."""
        for error in self.send(only):
            self.fail(error)

    def send(self, only: Callable[[Message], bool]) -> list[LabtoolError]:
        """The same, for who decides what it means that something was not sent."""
        if self.dry_run:
            return []
        task = self.task
        settings = task.config.core.outbox
        if task.config.core.lab.dry_run:
            # What waits from before the switch was set must not reach people now.
            admins, wanted = task.admins(self.database), only
            only = lambda message: message.to in admins and wanted(message)  # noqa: E731
        done = deliver(
            self.outbox,
            lambda: task.connect(self.database),
            settings,
            task.config.state,
            only=only,
            today=self.clock.today(),
        )
        self.counts.update(done.counts)
        self.standing = done.standing
        self.looked_at |= done.looked_at
        return done.errors

    @property
    def exit_status(self) -> int:
        """The exit status that the errors so far add up to."""
        found = {error.exit_status for error in self.errors}
        order = (e.USAGE, e.FAILED, e.TEMPORARY)
        return next((status for status in order if status in found), e.OK)
