"""What a day's reminders are: messages to send, and what is wrong in the sheets."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath

from labtool.core import text
from labtool.core.messages import Message

_LINK_PLACE = "labtool:presentation"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that an admin must mend, found while planning the rule `rule`.

    `where` is `sheet:row:column` or a key of the config, `code` the sort of trouble in one
    word. Every other recipient and rule goes on.
    """

    rule: str
    code: str
    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        said = f"{self.where}: {self.what}" if self.where else self.what
        return f"{said}; {self.fix}" if self.fix else said


@dataclass(frozen=True, slots=True)
class SlidesRequest:
    """A presentation to be copied before its message can be sent.

    `template` is a path, or a file id where `drive` is set; the copy named `title` goes to
    `folder` (a path, or a Drive folder's id; empty: beside the template). It is shared with
    people (by key) as writers. `key` is the same whenever this copy is asked for again.
    """

    key: str
    title: str
    template: str
    folder: str
    drive: bool
    share: tuple[str, ...]

    @property
    def folder_path(self) -> str:
        """The folder that copies of a local template go to."""
        return self.folder or str(PurePath(self.template).parent)

    def place_link(self) -> str:
        """What stands in the message's text until the link is known."""
        return text.link(_LINK_PLACE, self.title)

    def with_link(self, message: Message, url: str) -> Message:
        """The message with the copy's link in its place."""
        linked = message.text.replace(self.place_link(), text.link(url, self.title))
        return replace(message, text=linked)


@dataclass(frozen=True, slots=True)
class Planned:
    """One message that a rule wants sent for a period, and the day it is due on."""

    rule: str
    kind: str
    period: str
    due: date
    message: Message
    slides: SlidesRequest | None = None


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Everything about one day; `rules` are those that had their turn."""

    day: date
    items: tuple[Planned, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    rules: tuple[str, ...] = ()
