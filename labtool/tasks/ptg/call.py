"""One command while it is carried out: what it may look at, and what it wants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from labtool.core.clock import from_iso
from labtool.tasks.ptg.board import Board, Change, Edit
from labtool.tasks.ptg.grammar import Asked
from labtool.tasks.ptg.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something, and where: `channel` is empty in private. `op` and `voice` are
    the rights they have there; `account` is None for who is not identified."""

    nick: str
    host: str = ""
    account: str | None = None
    channel: str = ""
    op: bool = False
    voice: bool = False

    @property
    def key(self) -> str:
        """The nick as the board's file writes it in keys."""
        return self.nick.lower()

    @property
    def owner(self) -> str:
        """What shows that somebody of this nick is the same person later: the account of
        services, else where they come from."""
        return f"account:{self.account}" if self.account else f"host:{self.host.lstrip('~')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing to say to who asked: where they asked, or to them alone."""

    text: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a subscriber wants to hear; `owner` is who subscribed under this nick,
    empty where nobody knows."""

    nick: str
    owner: str
    text: str


@dataclass(slots=True)
class Outcome:
    """What a front end does next: say the answers and the notices; fetch a document from
    `fetch`, if that is not empty, and hand it back."""

    answers: list[Answer] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    fetch: str = ""
    changed: bool = False


@dataclass(slots=True)
class Call:
    """What a verb works with. It reads the board and says what to change; it changes
    nothing itself."""

    board: Board
    speaker: Speaker
    asked: Asked
    now: datetime
    subscriptions: Subscriptions
    verbs: "Mapping[str, Mapping[str, Verb]]"
    prefix: str
    help_url: str
    last_change: Callable[[], tuple[int, Change] | None]
    outcome: Outcome = field(default_factory=Outcome)
    edits: list[Edit] = field(default_factory=list)
    undoable: bool = True
    undoes: int = 0

    @property
    def rest(self) -> str:
        """What follows the verb."""
        return self.asked.rest

    @property
    def track(self) -> str:
        """The known track that a moderator's command is about."""
        return self.board.track(self.asked.track) or ""

    def answer(self, text: str, *, alone: bool = False) -> None:
        """Say something to who asked."""
        self.outcome.answers.append(Answer(text, alone))

    def put(self, value: object, *path: str) -> None:
        """Want a value at a place of the document."""
        self.edits.append(Edit(path, value))

    def remove(self, *path: str) -> None:
        """Want a place of the document to be empty."""
        edit = Edit.remove(*path)
        if not self.board.holds(edit):
            self.edits.append(edit)

    def notify(self, texts: "list[str]", message: str) -> None:
        """Tell everybody whose subscription matches one of the texts."""
        nicks = dict.fromkeys(n for text in texts for n in self.subscriptions.matching(text))
        owners = self.board.get("subscription_owners") or {}
        self.outcome.notices += [Notice(n, str(owners.get(n, "")), message) for n in nicks]

    def clock(self, written: str | None) -> str:
        """A time of the board's file, for people: as it was written if it is not ours."""
        try:
            moment = from_iso(written or "").astimezone(self.board.zone)
        except (ValueError, OverflowError):
            return written or "an unknown time"
        today = self.now.astimezone(self.board.zone).date()
        day = "" if moment.date() == today else f" on {moment:%A %-d %B}"
        return f"{moment:%H:%M %Z}{day}"


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: what carries it out, how it is written, what it does in a few words, and
    whether words follow it."""

    run: Callable[[Call], None]
    usage: str
    about: str
    words: Literal["none", "some", "any"] = "some"
