"""What people say of runs: yes, no, and stop."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from labtool.core.errors import Failed
from labtool.core.people import NoMatch, People, Person, fold
from labtool.services.engine.records import CLOSED, RunRecord
from labtool.tasks.workflow.activities import approve
from labtool.tasks.workflow.alerting import topic_of
from labtool.tasks.workflow.definition import restored
from labtool.tasks.workflow.runs import Runs

# Hears of a topic that nobody has to see to any more.
Over = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: a name, and who of the people's list it is. `trusted` is whoever sits at the
    machine's own terminal."""

    name: str
    person: Person | None = None
    trusted: bool = False

    def is_one_of(self, allowed: tuple[str, ...]) -> bool:
        """Whether one of these names and roles is theirs."""
        names = {fold(self.name)}
        if self.person is not None:
            one = self.person
            names = {fold(own) for own in (one.key, one.name, one.email, one.role, *one.aliases)}
        return any(fold(one) in names for one in allowed if one)


def who(user: str, people: Callable[[], People], today: date) -> Speaker:
    """Whoever has this account, or as if one of the people who are in the lab spoke. Raises Failed
    for who is not."""
    if not user:
        try:
            return Speaker(getpass.getuser(), trusted=True)
        except (KeyError, OSError):
            return Speaker("somebody", trusted=True)
    try:
        person = people().find(user, today)
    except NoMatch as error:
        raise Failed(str(error), where="--as", fix="write a name of the people's list") from None
    if not person.active(today):
        raise Failed(f"{person.name} has left the lab", where="--as", fix="name somebody else")
    return Speaker(person.name, person)


def decide(runs: Runs, text: str, step: str, by: Speaker, *, yes: bool) -> str:
    """Say yes or no to a step that waits for it, and what came of that. Raises Failed."""
    run, asked = to_decide(runs, text, step, by)
    if not runs.ledger.decide(run.id, asked, by.name, yes=yes):
        decided = runs.ledger.decision(run.id, asked)
        raise Failed(f"{decided[1] if decided else 'somebody'} has decided already",
                     where=run.id, code="decided")  # fmt: skip
    soon = "" if runs.queue.workers() else "; it goes on with the next labtool workflow work"
    return f"{run.id}: {by.name} said {'yes' if yes else 'no'} to {asked}{soon}"


def to_decide(runs: Runs, text: str, step: str, by: Speaker) -> tuple[RunRecord, str]:
    """The run, and its step that waits for somebody to decide, who may. Raises Failed."""
    run = runs.find(text)
    asked = _asked(runs, run)
    if step:
        asked = [one for one in asked if one == step]
    if not asked:
        what = f"{run.id} waits for nobody" + (f" at {step}" if step else "")
        raise Failed(what, fix=f"see: labtool workflow show {run.id}", code="not_asked")
    if len(asked) > 1:
        raise Failed(f"{run.id} waits at {', '.join(asked)}", fix="name one with --step")
    options = _options(runs, run, asked[0])
    if not by.trusted and options.by and not by.is_one_of(options.by):
        what = f"{asked[0]} of {run.id} is not for {by.name} to decide"
        raise Failed(what, fix=f"ask {', '.join(options.by)}", code="not_allowed")
    return run, asked[0]


def stop(runs: Runs, text: str, by: Speaker, over: Over, *, terminate: bool) -> str:
    """End a run, or let one be that has failed, and what came of that; `over` hears of
    its failure. Raises Failed."""
    run = runs.find(text)
    was = runs.ledger.ask_to_stop(run.id, "terminated" if terminate else "cancelled", by.name)
    if was in ("failed", "timed_out"):
        over(topic_of(run))
        return f"{run.id} is let be: it stays {was.replace('_', ' ')}, and its alert is over"
    if was in CLOSED:
        raise Failed(f"{run.id} is {was} already", fix="see: labtool workflow list", code="ended")
    over(topic_of(run))
    if was == "running" and not terminate:
        return f"{run.id}: its steps are told to end"
    return f"{run.id} {'terminated' if terminate else 'cancelled'}"


def _asked(runs: Runs, run: RunRecord) -> list[str]:
    """The steps of a run that wait for somebody."""
    if run.state != "waiting":
        return []
    last = {one.step: one.state for one in runs.attempts.of(run.id) if not one.stale}
    steps = restored(run.definition, runs.config, run.workflow).all
    return [
        one.name for one in steps
        if one.kind == "approve" and last.get(one.name) == "waits"
        and runs.ledger.decision(run.id, one.name) is None
    ]  # fmt: skip


def _options(runs: Runs, run: RunRecord, step: str) -> approve.Options:
    steps = restored(run.definition, runs.config, run.workflow).all
    found = next(one.activity for one in steps if one.name == step)
    assert isinstance(found, approve.Options)
    return found
