"""What the Home tab of the lab's Slack app is made of: the nouns that tasks, which have
something to show there, share with the one that composes and publishes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.core.people import Person
from labtool.core.task import Run

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose tab it is: their Slack id and name, who of the lab's people they are, if anybody,
    and whether they are a member of the lab's own workspace; which of the names that parts want
    the tab for are theirs."""

    user: str
    name: str
    person: Person | None
    member: bool
    called: frozenset[str] = frozenset()


Show = Callable[[Visitor], Sequence[Block]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a task has for the tab. `look` reads what is to be shown, once for everybody, and
    gives what shows it to one. `wanted` names the people who have the tab before they opened it.
    A button whose action is `action` is for `press`, which is given who pressed it and the
    button's value, and says what came of it. All of them may raise LabtoolError."""

    look: Callable[[], Show]
    wanted: Sequence[str] = ()
    action: str = ""
    press: Callable[[Visitor, str], str] | None = None


# Makes a task's part; None where the task is not set up.
Parts = Callable[[Run], Part | None]


def header(text: str) -> Block:
    """A title."""
    return _block("header", text[:150])


def section(text: str) -> Block:
    """A paragraph. It is plain: nothing in it is markup."""
    return _block("section", text[:3000])


def button(label: str, action: str, value: str) -> Block:
    """Something to press."""
    shown = {"type": "plain_text", "text": label[:75], "emoji": False}
    element = {"type": "button", "text": shown, "action_id": action, "value": value}
    return {"type": "actions", "elements": [element]}


def _block(kind: str, text: str) -> Block:
    return {"type": kind, "text": {"type": "plain_text", "text": text, "emoji": False}}
