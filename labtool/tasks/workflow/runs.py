"""The runs of a lab: what everybody does with them, whoever asks."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labtool.core.config import Config
from labtool.core.errors import Failed
from labtool.services.engine.records import CLOSED, AttemptRecord, NewRun, RunRecord
from labtool.tasks.workflow.definition import engine_of, fitting, kept, restored, workflows_of
from labtool.tasks.workflow.whence import whence

if TYPE_CHECKING:
    from labtool.services.engine.attempts import Attempts
    from labtool.services.engine.base import Base
    from labtool.services.engine.ledger import Ledger
    from labtool.services.engine.queue import Queue

INSTALL = "in labtool's folder: pip install '.[workflow]', or uv tool install '.[workflow]'"


@dataclass(frozen=True, slots=True)
class Runs:
    """Those of a config."""

    config: Config
    base: "Base"
    queue: "Queue"
    ledger: "Ledger"
    attempts: "Attempts"

    def start(
        self, workflow: str, given: Mapping[str, Any], key: str = "", parent: str = ""
    ) -> str:
        """As an activity's; its id."""
        origin = f"run {parent}" if parent else ""
        return self.begin(workflow, given, origin, key=key, parent=parent)[0]

    def begin(
        self,
        workflow: str,
        given: Mapping[str, Any],
        origin: str,
        *,
        key: str = "",
        alone: str = "",
        parent: str = "",
    ) -> tuple[str, bool]:
        """Let a run begin: its id, and whether it is new. A `key` begins one run, however often;
        of those that are `alone` under one name, one that is open is given instead. Raises Failed
        where there is no such workflow, or the input does not fit."""
        known = fitting(self.config, workflow, given)
        new = NewRun(
            id=f"{workflow}-{secrets.token_hex(4)}",
            workflow=workflow,
            version=known.version,
            definition=kept(self.config, workflow),
            input=given,
            origin=origin,
            key=key,
            alone=alone,
            parent=parent,
        )
        return self.ledger.start(new)

    def state(self, ident: str) -> tuple[str, str]:
        """As an activity's."""
        found = self.ledger.run(ident)
        return (found.state, found.why) if found else ("forgotten", "")

    def decision(self, ident: str, step: str) -> tuple[bool, str] | None:
        """As an activity's."""
        return self.ledger.decision(ident, step)

    def find(self, text: str) -> RunRecord:
        """The run with this id, or whose id alone begins so. Raises Failed."""
        there = self.base.exists
        found = self.ledger.run(text) if there else None
        if found is None:
            near = self.ledger.like(text) if text and there else []
            if len(near) == 1:
                found = self.ledger.run(near[0])
            if found is None:
                what = f"there is no run {text}"
                fix = "see: labtool workflow list"
                if near:
                    what = f"several runs begin with {text}"
                    fix = f"write more of one: {', '.join(near)}"
                raise Failed(what, fix=fix, code="no_run")
        return found

    def is_old(self, run: RunRecord) -> bool:
        """Whether the config has other steps now than those that a run keeps."""
        known = self.config.has("workflows") and workflows_of(self.config).get(run.workflow)
        return not known or kept(self.config, run.workflow) != run.definition

    def again(
        self, run: RunRecord, step: str = "", *, new_steps: bool = False, look: bool = False
    ) -> str:
        """A run that has ended goes on from a step; by default from the first that did not end
        well. It keeps the steps that it began with, or takes the config's. Which step; with `look`
        nothing changes. Raises Failed."""
        if run.state not in CLOSED:
            fix = f"cancel it first: labtool workflow cancel {run.id}"
            raise Failed(f"{run.id} is {run.state}", fix=fix, code="open")
        attempts = self.attempts.of(run.id)
        taken = self._newer(run) if new_steps else run
        workflow = restored(taken.definition, self.config, run.workflow)
        found = whence(run.id, workflow, attempts, step)
        if run.alone and self.ledger.is_open(run.alone):
            what = f"another run of the id {run.alone} is open"
            raise Failed(what, where=run.id, fix="let it end, or cancel it", code="open")
        if not look and not self.ledger.again_from(taken, found.anew, found.values):
            still = [one.step for one in attempts if one.state == "running"]
            what = f"{', '.join(still)} of {run.id} still ends" if still else f"{run.id} goes on"
            raise Failed(what, fix="ask again in a moment", code="open")
        return found.step

    def _newer(self, run: RunRecord) -> RunRecord:
        """The run with the config's steps. Raises Failed where its input does not fit them."""
        known = fitting(self.config, run.workflow, run.input)
        return replace(run, definition=kept(self.config, run.workflow), version=known.version)


@contextmanager
def opened(config: Config, *, look: bool = False) -> Iterator[Runs]:
    """The runs of a config; only to `look` at, nothing is made that is not there. Raises Failed
    where the engine is not installed, and as its database."""
    try:
        if find_spec("dbos") is None:
            raise ModuleNotFoundError(name="dbos")
        from labtool.services.engine.attempts import Attempts
        from labtool.services.engine.base import Base
        from labtool.services.engine.ledger import Ledger
        from labtool.services.engine.queue import Queue
    except ModuleNotFoundError as error:
        what = f"workflows need {error.name}, which is not installed"
        raise Failed(what, fix=INSTALL, code="not_installed") from None
    settings = engine_of(config)
    password = settings.password.reveal() if settings.password else ""
    base = Base(settings.url, config.state, password)
    queue = Queue(base)
    try:
        if not look:
            queue.prepare()
        yield Runs(config, base, queue, Ledger(base, queue.put), Attempts(base))
    finally:
        queue.close()
        base.close()


def wanted(config: Config) -> None:
    """Raises ConfigError where the config names no workflows, and those that it named once have
    left no runs either."""
    if not config.has("workflows") and find_spec("dbos") is not None:
        with opened(config, look=True) as runs:
            if runs.base.exists:
                return
    workflows_of(config)


def scratch_of(config: Config) -> Path:
    """The folder of runs' files."""
    settings = engine_of(config)
    return config.resolve(settings.scratch) if settings.scratch else config.state / "scratch"


def attempt_logs(logs: Path, attempt: AttemptRecord) -> Path:
    """The folder of what one has printed, in that of them all."""
    return logs / attempt.run / f"{attempt.step}-{attempt.attempt}"


def logs_of(config: Config) -> Path:
    """The folder of what their steps print."""
    return config.state / "logs" / "workflows"
