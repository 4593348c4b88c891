"""What people say to the lab's bot in Slack, for tasks that want to hear it beside jobs: the
nouns that they share with the bot.
"""

from collections.abc import Callable
from dataclasses import dataclass

from labtool.core.people import Person
from labtool.core.task import Run


@dataclass(frozen=True, slots=True)
class Spoken:
    """What somebody said: `ident` is that of the event, the others are Slack's ids; `person` is
    who of the lab's people they are, if anybody, `member` whether they are of the lab's own
    workspace. The answer goes into the thread."""

    ident: str
    text: str
    user: str
    name: str
    person: Person | None
    member: bool
    channel: str
    thread: str


# The answer; None where it was not for this task, empty where the task answers by itself, later.
# Called inside the transaction that keeps it. May raise LabtoolError.
Hear = Callable[[Spoken], str | None]

# Makes what hears; None where the task is not set up.
Hears = Callable[[Run], Hear | None]
