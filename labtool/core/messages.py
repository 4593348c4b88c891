"""A message, who it is for, and what a channel must be able to do with it.

The nouns that the outbox (which keeps messages), the tasks (which write them) and the
services (which send them) share.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from labtool.core.people import Person
from labtool.core.text import clean, plain


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person (by key), one channel (`#name` or a Slack channel id) or a bare mail
    address, which an admin may have in place of an entry among the people."""

    kind: Literal["person", "channel", "address"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press below a message, for channels that have that: what stands on it, which
    action it asks for, and of what."""

    label: str
    action: str
    value: str
    style: Literal["", "primary", "danger"] = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said once.

    `key` says what it is (rule, recipient, period): a key is sent at most once, and not
    again before `until`, the last day on which its period could produce it once more.
    `text` is neutral (see `core/text.py`). `colour` (good, warning, danger) marks alerts.
    `blocks` are Slack blocks for channels that can show them. `thread` is the key of an
    earlier message to answer under, `under` Slack's id of one that a person wrote there. An
    `urgent` message takes the recipient's next channel as soon as one is down, instead of
    waiting for it. One that waits is not sent after `useful_until`: what it says is not true
    any more. A text that is too long is `file_text`, for channels that have files;
    beside `blocks` it is what stands in their place where they are refused.
    """

    key: str
    to: Recipient
    text: str
    until: date
    subject: str = ""
    colour: Literal["", "good", "warning", "danger"] = ""
    blocks: tuple[dict[str, Any], ...] = ()
    thread: str = ""
    urgent: bool = False
    useful_until: date | None = None
    under: str = ""
    file_name: str = ""
    file_text: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel delivers: its own id (`value`) and how to name it to people."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a message arrived: the channel's own place and id for it."""

    place: str
    id: str


class Sender(Protocol):
    """One way of sending messages: Slack, mail, the console.

    Every method ends within the service's timeout. Errors are `Failed` (this recipient
    or message will never work here), `Temporary` (certainly not sent; later perhaps) and
    `Unknown` (perhaps sent).
    """

    name: str

    def address(self, person: Person | None, channel: str) -> Address | None:
        """Where this sender reaches the person, or the channel when `person` is None;
        None where it has no way to."""

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        """Send once; never retried inside where that could send twice."""

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        """The message with this key if it arrived after `since` (Unix seconds).

        Raises `Failed` where the sender cannot be asked at all (mail).
        """


def show_message(message: Message) -> dict[str, str]:
    """A message for `--json` and for people: who, what, under which key."""
    return {
        "to": clean(message.to.name),
        "subject": clean(message.subject),
        "text": clean(plain(message.text)),
        "key": message.key,
    }
