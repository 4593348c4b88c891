"""Telling the admins what a run ended in."""

from collections.abc import Sequence

from labtool.core.alerts import Fault, Ledger, alert
from labtool.core.errors import LabtoolError, UsageError
from labtool.core.log import shout
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import OPEN_STATES, Entry
from labtool.core.task import Run


def tell(run: Run) -> None:
    """Enter the run's errors in the ledger, and send the admins what they should hear."""
    task = run.task
    alerts = task.config.core.alerts
    ledger = Ledger(run.database, alerts.tolerate, alerts.snooze)
    # What was mistyped by hand is read by who typed it.
    errors = [e for e in run.errors if task.timer or not isinstance(e, UsageError)]
    if not errors and not run.standing and not ledger.open():
        return
    now, lab, admins = task.clock.now(), task.config.core.lab.name, _admins(run)
    # One transaction: a run that is killed has put all of it into the outbox, or none.
    with run.database.write():
        new = ledger.record(task.scope, errors, now, run.standing)
        over = ledger.recover(task.scope, [*errors, *run.standing], run.looked_at, now)
        for message in (*alert("new", new, lab, admins), *alert("over", over, lab, admins)):
            run.outbox.add(message)
        if admins:
            ledger.told(new, now)
    if not new and not over:
        return
    if admins:
        _send(run)
    else:
        named = ", ".join(task.config.core.lab.admins)
        why = f"lab.admins ({named}) names nobody that is known" if named else "lab.admins is empty"
        shout(f"nobody hears of this: {why}")


def heard(fault: Fault, alerts: Sequence[Entry]) -> str:
    """Whether an admin has heard of an error: `yes`, `not yet`, `waiting` while what tells it
    has not left, `no` when it never will. `alerts` are the outbox's messages of new errors,
    oldest first."""
    if not fault.told:
        return "not yet"
    about = [entry for entry in alerts if f"[{fault.id}]" in entry.message.text]
    if not about:
        return "yes"  # by a digest, or so long ago that the outbox does not keep it
    # One for each admin; what told of the same error before is another message.
    batch = _batch(about[-1])
    states = {entry.state for entry in about if _batch(entry) == batch}
    if "sent" in states:
        return "yes"
    return "waiting" if states & {"waiting", "sending", "unknown"} else "no"


def _batch(entry: Entry) -> str:
    return entry.message.key.split(":")[2]


def _admins(run: Run) -> Sequence[Recipient]:
    try:
        return run.task.admins(run.database)
    except LabtoolError as error:
        shout(f"the admins could not be found: {error}")
        return ()


def _send(run: Run) -> None:
    """Send the alerts that the outbox holds. It is no part of the task's work: what goes
    wrong is in the outbox and printed, but is no error of the run."""
    counts, known = run.counts.copy(), len(run.errors)
    run.deliver(_is_alert)
    failed = run.errors[known:]
    del run.errors[known:]
    run.counts = counts
    if failed and any(_is_alert(entry.message) for entry in run.outbox.entries(OPEN_STATES)):
        shout(f"the admins could not be told: {failed[0]}")


def _is_alert(message: Message) -> bool:
    return message.key.startswith("alert:")
