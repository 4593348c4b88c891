"""What people say of runs: yes, no, and stop."""

import getpass
from collections.abc import Callable
from datetime import date

from labtool.core.errors import Failed
from labtool.core.people import NoMatch, People, Person, fold
from labtool.services.engine.records import CLOSED, RunRecord
from labtool.tasks.workflow.activities import approve
from labtool.tasks.workflow.definition import restored
from labtool.tasks.workflow.runs import Runs


def who(user: str, people: Callable[[], People], today: date) -> str:
    """Who speaks: whoever has this account, or as if one of the people who are in the lab did.
    Raises Failed for who is not."""
    if not user:
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "somebody"
    try:
        person = people().find(user, today)
    except NoMatch as error:
        raise Failed(str(error), where="--as", fix="write a name of the people's list") from None
    if not person.active(today):
        raise Failed(f"{person.name} has left the lab", where="--as", fix="name somebody else")
    return person.name


def decide(
    runs: Runs, text: str, step: str, by: str, *, yes: bool, trusted: bool = False,
    person: Person | None = None,
) -> str:  # fmt: skip
    """Say yes or no to a step that waits for it, and what came of that. `trusted` is whoever sits
    at the machine's own terminal. Raises Failed."""
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
    if not trusted and options.by and not _is_one_of(person, by, options.by):
        what = f"{asked[0]} of {run.id} is not for {by} to decide"
        raise Failed(what, fix=f"ask {', '.join(options.by)}", code="not_allowed")
    if not runs.ledger.decide(run.id, asked[0], by, yes=yes):
        decided = runs.ledger.decision(run.id, asked[0])
        raise Failed(f"{decided[1] if decided else 'somebody'} has decided already",
                     where=run.id, code="decided")  # fmt: skip
    soon = "" if runs.queue.workers() else "; it goes on with the next labtool workflow work"
    return f"{run.id}: {by} said {'yes' if yes else 'no'} to {asked[0]}{soon}"


def stop(runs: Runs, text: str, by: str, *, terminate: bool) -> str:
    """End a run, and what came of that. Raises Failed."""
    run = runs.find(text)
    was = runs.ledger.ask_to_stop(run.id, "terminated" if terminate else "cancelled", by)
    if was in CLOSED:
        raise Failed(f"{run.id} is {was} already", fix="see: labtool workflow list", code="ended")
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


def _is_one_of(person: Person | None, by: str, allowed: tuple[str, ...]) -> bool:
    names = {fold(by)}
    if person is not None:
        own = (person.key, person.name, person.email, person.role, *person.aliases)
        names = {fold(one) for one in own}
    return any(fold(one) in names for one in allowed if one)
