"""Telling the admins what a run ended in."""

import time

from labtool.core.alerts import Ledger, alert
from labtool.core.database import Database
from labtool.core.errors import LabtoolError, StateError
from labtool.core.log import complain, shout
from labtool.core.messages import Message
from labtool.core.task import Run, Task


def tell(run: Run) -> None:
    """Enter the run's errors in the ledger, and send the admins what they should hear."""
    task = run.task
    alerts = task.config.core.alerts
    ledger = Ledger(run.database, alerts.tolerate, alerts.snooze)
    now = task.clock.now()
    new = ledger.record(task.scope, run.errors, now)
    over = ledger.recover(task.scope, run.errors, now)
    if not new and not over:
        return
    try:
        admins = task.admins(run.database)
    except LabtoolError as error:
        shout(f"the admins could not be found: {error}")
        return
    if not admins:
        shout("nobody hears of this; set lab.admins in the config")
        return
    lab = task.config.core.lab.name
    with run.database.write():
        for kind, faults in (("new", new), ("over", over)):
            for message in alert(kind, faults, lab, admins) if faults else ():  # type: ignore[arg-type]  # the two literals
                run.outbox.add(message)
        ledger.told(new, now)
    # What goes wrong here is in the outbox and printed; it is no error of the task's work.
    known = len(run.errors)
    run.deliver(lambda message: message.key.startswith("alert:"))
    if run.errors[known:]:
        shout(f"the admins could not be told: {run.errors[known]}")
    del run.errors[known:]


def tell_without_state(task: Task, error: StateError) -> None:
    """The state folder cannot be used, so neither can the outbox: tell the admins without
    it, at most once a day, where the channel can be asked whether it said so already."""
    day = task.clock.today()
    text = f"{task.config.core.lab.name}: labtool {task.scope} cannot run: {error}"
    try:
        database = Database.snapshot(task.config.state / "absent")
        post = task.connect(database)
        for to in task.admins(database):
            message = Message(f"state:{day}:{error.code}:{to}", to, text, day, subject=text[:100])
            for sender in post.ways(to):
                address = post.address(sender, to)
                if sender.name == "console" or address is None:
                    continue
                if sender.find(address, message.key, time.time() - 86400) is None:
                    sender.send(address, message, None)
                break
    except (LabtoolError, OSError) as failure:
        complain(f"the admins could not be told: {failure}")
