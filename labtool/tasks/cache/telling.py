"""Telling people what an answer means for them, each thing once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from labtool.core.errors import LabtoolError
from labtool.core.messages import Message, Recipient
from labtool.core.task import Run
from labtool.tasks.cache.expiry import warnings
from labtool.tasks.cache.sources._base import Alarm, Answer

# Longer than any alarm lasts: its key must not become free while it does.
_KEEP = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom to tell: the admins, and who has a duty; asked only when there is something."""

    admins: Callable[[], Sequence[Recipient]]
    on_duty: Callable[[str], Sequence[Recipient]]


def tell(run: Run, source: str, answer: Answer, who: Who) -> None:
    """Put into the outbox what is to be said; what was said is not said again."""
    if answer.expires:
        zone = run.config.core.lab.timezone
        for message in warnings(source, answer.expires, who.admins(), run.clock.now(), zone):
            run.outbox.add(message)
    for alarm in answer.alarms:
        for to in _on_duty(run, who, alarm.duty):
            if not alarm.after or run.outbox.accepted(f"{alarm.after}:{to}"):
                run.outbox.add(_message(run, alarm, to))


def _on_duty(run: Run, who: Who, duty: str) -> Sequence[Recipient]:
    """Who has a duty; the admins where nobody has, or nobody can tell."""
    try:
        return who.on_duty(duty) or who.admins()
    except LabtoolError as error:
        run.fail(error)
        return who.admins()


def _message(run: Run, alarm: Alarm, to: Recipient) -> Message:
    return Message(
        key=f"{alarm.key}:{to}",
        to=to,
        text=alarm.text,
        subject=alarm.text.partition(":")[0],
        until=run.clock.today() + _KEEP,
        colour=alarm.colour,
        urgent=alarm.colour == "danger",
    )
