"""The bot: Slack's thread keeps what comes, this one answers, and looks after the connection."""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from labtool.core.clock import iso
from labtool.core.database import Database
from labtool.core.errors import AccessDenied, StateError, Temporary
from labtool.core.files import write_atomic
from labtool.core.log import complain
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People, Person
from labtool.core.service import checkpoint, tried, until_told_to_stop
from labtool.core.task import Run
from labtool.core.text import clean
from labtool.core.text import link as link_to
from labtool.tasks.jobs.open import desk, settings_of
from labtool.tasks.jobs.queue import Asker
from labtool.tasks.jobs.slack.hearing import Said, overheard, said
from labtool.tasks.jobs.slack.inbox import Inbox
from labtool.tasks.jobs.talk import Desk
from labtool.tasks.jobs.who import Who

# Seconds: between looks where nothing comes, at the connection, and how long it may be down
# before the admins hear.
_LOOK, _EVERY, _DOWN = 0.5, 5.0, 120.0
_KNOWN = 600.0
_KEPT = timedelta(days=30)
# Slack cuts longer ones.
_LONGEST = 3900
_LINK, _ANSWERS = "slack-bot connection", "slack-bot"


class Link(Protocol):
    """The connection."""

    def connect(self) -> None:
        """Open it."""

    def look(self) -> float:
        """For how many seconds it has been down."""

    def close(self) -> None:
        """Let go of it."""


class Rooms(Protocol):
    """Slack's channels, by their ids. Every method raises as Slack's client."""

    def react(self, channel: str, at: str, name: str) -> None:
        """Put a reaction on a message; one that is there is no error."""

    def permalink(self, channel: str, at: str) -> str:
        """The address of a message."""

    def join(self, channel: str) -> None:
        """Go into a public channel."""


@dataclass(slots=True)
class Bot:
    """Answers what is said. `profile` asks Slack who somebody is: name, mail address, whether
    they are a member."""

    run: Run
    people: Callable[[], People]
    profile: Callable[[str], Any]
    rooms: Rooms
    stopped: threading.Event = field(default_factory=threading.Event)
    fresh: threading.Event = field(default_factory=threading.Event)
    _known: dict[str, tuple[float, Who]] = field(default_factory=dict)

    def receive(self, kind: str, payload: dict[str, Any]) -> bool:
        """Keep an event, in whichever thread; whether it may be acknowledged."""
        ident = str(payload.get("event_id") or "")
        if kind != "events_api" or not ident:
            return True  # nothing that we could answer later
        try:
            with closing(Database.open(self.run.config.state)) as database:
                Inbox(database).keep(ident, payload)
        except StateError as error:
            complain(str(error))
            return False
        self.fresh.set()
        return True

    def serve(self, link: Link) -> None:
        """Until told to stop. Raises AccessDenied where Slack refuses at the start, and
        KeyboardInterrupt after ^C."""
        inbox = Inbox(self.run.database)
        desk_ = desk(self.run.config, self.run.database, self.run.clock, self.people)

        def stop() -> None:
            self.stopped.set()
            self.fresh.set()

        with until_told_to_stop(stop):
            try:
                self._connect(link)
                self._join()
                looked = 0.0
                while not self.stopped.is_set():
                    self.fresh.wait(_LOOK)
                    self.fresh.clear()
                    answered = self._answer_all(inbox, desk_)
                    if time.monotonic() - looked > _EVERY:
                        looked = time.monotonic()
                        self._look(link)
                        inbox.tidy()
                        checkpoint(self.run)
                    elif answered:
                        checkpoint(self.run)
            finally:
                link.close()
        self.run.summary = "stopped"

    def _connect(self, link: Link) -> None:
        """At the start a wrong token ends it; a network that is away does not."""
        try:
            link.connect()
        except Temporary as error:
            complain(str(error))

    def _join(self) -> None:
        for channel in settings_of(self.run.config).join:
            tried(self.run, f"slack-bot {channel}", lambda c=channel: self.rooms.join(c))  # type: ignore[misc]  # mypy sees no type in the default

    def _look(self, link: Link) -> None:
        """Whether it is connected, for everybody who asks; long silence is told."""

        def look() -> None:
            down = link.look()
            self._health(down)
            if down > _DOWN:
                what = f"has been disconnected for {down:.0f} s"
                raise Temporary(what, where="Slack", fix="look at the network", code="slack")

        if tried(self.run, _LINK, look):
            self.run.looked_at.add(_LINK)

    def _health(self, down: float) -> None:
        found = {
            "at": iso(self.run.clock.now()),
            "connected": down == 0,
            "down_seconds": round(down),
        }
        path = self.run.config.state / "slack-bot.json"
        write_atomic(path, json.dumps(found).encode() + b"\n")

    def _answer_all(self, inbox: Inbox, desk_: Desk) -> int:
        waiting = inbox.waiting()
        for ident, payload in waiting:

            def answer(ident: str = ident, payload: dict[str, Any] = payload) -> None:
                self._answer(inbox, desk_, ident, payload)

            if tried(self.run, _ANSWERS, answer):
                continue
            if isinstance(self.run.errors[-1], Temporary | AccessDenied):
                self.stopped.wait(_LOOK)
                return len(waiting)
            # What can never be answered holds up nobody else; the admins hear of it.
            inbox.done(ident)
        if waiting:
            self.run.looked_at.add(_ANSWERS)
        return len(waiting)

    def _answer(self, inbox: Inbox, desk_: Desk, ident: str, payload: dict[str, Any]) -> None:
        """Do what is asked for, keep the answer, and that it was done: all of it, or nothing."""
        heard = said(payload)
        who = self._who(heard) if heard else None
        notes = [] if heard else self._overheard(ident, payload)
        with self.run.database.write():
            for note in notes:
                Outbox(self.run.database).add(note)
            if heard and who:
                text = "\n".join(desk_.answer(heard.text, who))
                self._keep(heard, ident, text)
            inbox.done(ident)

    def _overheard(self, ident: str, payload: dict[str, Any]) -> list[Message]:
        """A word that is listened for: marked, and passed on with a link."""
        listeners = {one.word: one for one in settings_of(self.run.config).listeners}
        found = overheard(payload, list(listeners))
        if found is None:
            return []
        heard, word = found
        listener, today = listeners[word], self.run.clock.today()
        self.rooms.react(heard.channel, heard.thread, listener.reaction)
        url = self.rooms.permalink(heard.channel, heard.thread)
        key, until = f"slack-word:{hashlib.sha256(ident.encode()).hexdigest()[:24]}", today + _KEPT
        text = f"{clean(word)}: {link_to(url)}"
        notes = [Message(key, Recipient("channel", listener.channel), text, until)]
        if listener.is_away(today):
            to = Recipient("channel", heard.channel)
            away = clean(listener.away_text)
            notes.append(Message(f"{key}:away", to, away, until, under=heard.thread))
        return notes

    def _keep(self, heard: Said, ident: str, text: str) -> None:
        key = f"slack:{hashlib.sha256(ident.encode()).hexdigest()[:24]}"
        shown = clean(text)
        if len(shown) > _LONGEST:
            shown = f"{shown[:_LONGEST]}…"
        to = Recipient("channel", heard.channel)
        until = self.run.clock.today() + _KEPT
        Outbox(self.run.database).add(Message(key, to, shown, until, under=heard.thread))

    def _who(self, heard: Said) -> Who:
        """Who has a Slack id, with where the answer goes."""
        at, who = self._known.get(heard.user, (0.0, None))
        if who is None or time.monotonic() - at > _KNOWN:
            found = self.profile(heard.user)
            person = _person(self.people(), heard.user, found.email)
            name = person.name if person else found.name
            who = Who(Asker(name, heard.user), person, member=found.is_member)
            self._known[heard.user] = (time.monotonic(), who)
        asker = Asker(who.asker.name, heard.user, heard.channel, heard.thread)
        return Who(asker, who.person, who.member)


def _person(people: People, user: str, email: str) -> Person | None:
    """Who of the lab's people has a Slack id, or a mail address."""
    folded = email.casefold()
    for person in people.everyone:
        if person.slack == user or (folded and person.email.casefold() == folded):
            return person
    return None
