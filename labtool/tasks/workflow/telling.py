"""`labtool workflow history`: looked at, or sent to the admins."""

from datetime import timedelta

from labtool.core.messages import Message
from labtool.core.task import Run
from labtool.services.build import Services
from labtool.tasks.workflow.history import DAYS, Ended, History, history, told
from labtool.tasks.workflow.runs import Runs

_KEPT = timedelta(days=30)


def looked_at(runs: Runs, now: float, hours: float) -> History:
    """What the runs of a config say. Raises as the engine's database."""
    if not runs.base.exists:
        return history((), now, hours)
    since = now - max(hours * 3600, (DAYS + 1) * 86400.0)
    ended = (Ended(*one) for one in runs.ledger.ended(since))
    return history(ended, now, hours)


def send(run: Run, services: Services, found: History) -> None:
    """Tell the admins, once for each of these spans."""
    now = run.clock.now()
    span = int(now.timestamp() // (found.hours * 3600))
    until = run.clock.today() + _KEPT
    for to in services.admins:
        key = f"workflow-history:{found.hours:g}:{span}:{to}"
        message = Message(key, to, told(found), until, subject=found.subject,
                          colour="warning" if found.fell else "")  # fmt: skip
        run.outbox.add(message)
    run.result["history"] = {"subject": found.subject, "counts": dict(found.total)}
