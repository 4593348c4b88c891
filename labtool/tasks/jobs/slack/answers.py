"""What came from Slack -> what is done, and the answer, which the outbox has before the event is
done: all of it, or nothing.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from labtool.core.errors import AccessDenied, Failed, LabtoolError, StateError, Temporary
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People, Person
from labtool.core.said import Hear, Spoken
from labtool.core.service import tried
from labtool.core.task import Run
from labtool.core.text import clean
from labtool.core.text import link as link_to
from labtool.tasks.jobs.open import desk, settings_of
from labtool.tasks.jobs.phrases import tidy
from labtool.tasks.jobs.replies import Reply
from labtool.tasks.jobs.section import Listener
from labtool.tasks.jobs.slack.fresh import Fresh
from labtool.tasks.jobs.slack.hearing import Pressed, Said, opened, overheard, pressed, said
from labtool.tasks.jobs.slack.homes import Homes
from labtool.tasks.jobs.slack.inbox import Inbox
from labtool.tasks.jobs.slack.once import once
from labtool.tasks.jobs.slack.persons import Persons
from labtool.tasks.jobs.talk import Desk
from labtool.tasks.jobs.who import Who, is_one_of

_KEPT = timedelta(days=30)
# Slack cuts longer ones.
_LONGEST = 3900
# So many of those who may say yes are asked.
_ASKED = 10
# Seconds: how long one that could not be answered rests at least and at most, and after how long
# it is not done any more: nobody wants that hours later.
_FIRST, _MOST, _LATE = 1.0, 60.0, 3600.0
_ANSWERS, _WORDS = "slack-bot", "slack-bot words"
# "cancel" is what refused before.
_OWN = ("retry", "confirm", "refuse", "cancel")
_PRESSED = {"retry": "asked for once more", "confirm": "approved", "refuse": "refused"}


class Rooms(Protocol):
    """Slack's channels, by their ids, and its people. Every method raises as Slack's client."""

    def react(self, channel: str, at: str, name: str) -> None:
        """Put a reaction on a message; one that is there is no error."""

    def permalink(self, channel: str, at: str) -> str:
        """The address of a message."""

    def update(self, channel: str, at: str, text: str) -> None:
        """Put another text in place of one of our messages'."""


@dataclass(slots=True)
class _Rest:
    """An event that could not be answered: when it is tried again, after which pause."""

    until: float
    pause: float


@dataclass(slots=True)
class Answers:
    """Answers the events of an inbox."""

    run: Run
    fresh: Fresh
    persons: Persons
    rooms: Rooms
    homes: Callable[[], Homes]
    others: Callable[[], Sequence[Hear]]
    _desk: Desk | None = None
    _named: People = field(default_factory=People)
    _rests: dict[str, _Rest] = field(default_factory=dict)

    def renew(self) -> None:
        """The config is another."""
        self._desk = None

    def all(self, inbox: Inbox) -> bool:
        """Answer what waits, as far as it can be answered now: one that cannot holds up no
        other. Whether there is something to send."""
        done = False
        for ident, payload, received in inbox.waiting():
            rest = self._rests.get(ident)
            if rest and time.monotonic() < rest.until:
                continue

            def answer(ident: str = ident, payload: dict[str, Any] = payload) -> None:
                self._answer(inbox, ident, payload)

            if tried(self.run, _ANSWERS, answer):
                self._rests.pop(ident, None)
            else:
                self._not_answered(inbox, ident, payload, received)
            done = True
        if done and not self._rests:
            self.run.looked_at.add(_ANSWERS)
        return done

    def _not_answered(
        self, inbox: Inbox, ident: str, payload: dict[str, Any], received: float
    ) -> None:
        error = self.run.errors[-1]
        may_help = isinstance(error, Temporary | AccessDenied | StateError)
        if may_help and abs(time.time() - received) < _LATE:
            before = self._rests.get(ident)
            pause = min(before.pause * 2, _MOST) if before else _FIRST
            self._rests[ident] = _Rest(time.monotonic() + pause, pause)
            return
        # What can never be answered holds up nobody else; the admins hear of it.
        self._rests.pop(ident, None)
        heard = said(payload) or next((one.said for one in pressed(payload)), None)
        with self.run.database.write():
            if heard and may_help:
                self._keep(heard, ident, [Reply(f"That was not done: {error}; say it again")])
            inbox.done(ident)

    def _answer(self, inbox: Inbox, ident: str, payload: dict[str, Any]) -> None:
        user = opened(payload)
        if user:
            self.homes().opened(user)
            inbox.done(ident)
            return
        buttons = pressed(payload)
        if buttons:
            self._press(inbox, ident, buttons)
            return
        heard = said(payload)
        if heard:
            people = self.fresh.people
            self._named = self.persons.named(people, heard.mentioned)
            who = self._who(heard, people)
            spoken = Spoken(ident, tidy(heard.text), heard.user, who.asker.name, who.person,
                            who.member, heard.channel, heard.thread)  # fmt: skip
            self._do(inbox, ident, heard, lambda desk: self._replies(desk, spoken, heard.text, who))
            return
        notes = self._overheard(ident, payload)
        with self.run.database.write():
            for note in notes:
                Outbox(self.run.database).add(note)
            inbox.done(ident)

    def _replies(self, desk_: Desk, spoken: Spoken, text: str, who: Who) -> list[Reply]:
        """What jobs answer, or else another task that hears what is said."""
        if not desk_.knows(text):
            for hear in self.others():
                try:
                    found = hear(spoken)
                except Failed as error:
                    found = str(error)
                if found is not None:
                    return [Reply(found)] if found else []
        return desk_.replies(text, who)

    def _press(self, inbox: Inbox, ident: str, buttons: list[Pressed]) -> None:
        """What is pressed is as if it had been said, by whoever pressed it."""
        one = buttons[0]
        self._named = people = self.fresh.people
        if one.action in _OWN:
            who = self._who(one.said, people)
            done = self._do(inbox, ident, one.said, lambda desk: once(inbox, desk, one, who))
            if done:
                self._fade(one, who.asker.name)
            return
        visitor = self.homes().visitor(one.said.user, people)

        def press(_: Desk) -> list[Reply]:
            try:
                return [Reply(self.homes().press(one.action, one.value, visitor))]
            except Failed as error:
                return [Reply(str(error), done=False)]

        done = self._do(inbox, ident, one.said, press)
        if done and one.said.channel:
            self._fade(one, visitor.name)

    def _fade(self, one: Pressed, name: str) -> None:
        """What was pressed cannot be pressed again: in place of the buttons stands who did."""
        said = one.said
        if not (said.channel and said.at and said.text):
            return
        text = f"{clean(said.text)}\n{_PRESSED.get(one.action, 'answered')} by {clean(name)}"
        try:
            self.rooms.update(said.channel, said.at, text)
        except LabtoolError:
            return  # it was done; that its buttons are left is no harm

    def _do(
        self, inbox: Inbox, ident: str, heard: Said, answer: Callable[[Desk], list[Reply]]
    ) -> bool:
        """Do what is asked for, keep the answer, and that it was done, in one transaction; whether
        it was."""
        if self._desk is None:
            run = self.run
            self._desk = desk(run.config, run.database, run.clock, lambda: self._named)
        with self.run.database.write():
            replies = answer(self._desk)
            if replies:
                self._keep(heard, ident, replies)
            for reply in replies:
                self._ask(heard, ident, reply)
            inbox.done(ident)
        self.homes().soon()
        return all(reply.done for reply in replies)

    def _who(self, heard: Said, people: People) -> Who:
        """Who speaks, with the address of what they said where somebody else may need it."""
        link = ""
        if settings_of(self.run.config).support_channel and heard.channel and heard.at:
            try:
                link = self.rooms.permalink(heard.channel, heard.at)
            except LabtoolError:
                link = ""  # what they want matters more
        return self.persons.who(heard, people, self.run.clock.today(), link)

    def _ask(self, heard: Said, ident: str, reply: Reply) -> None:
        """Ask those who may say yes, each alone, with the same buttons."""
        if not reply.approvers:
            return
        today = self.run.clock.today()
        wanted = [
            person
            for person in self.fresh.people.everyone
            if person.active(today) and is_one_of(person, reply.approvers)
        ]
        for person in wanted[:_ASKED]:
            self._add(ident, person, Recipient("person", person.key), reply, "")

    def _keep(self, heard: Said, ident: str, replies: list[Reply]) -> None:
        """The answer, in the thread; to who pressed a button on their tab, alone."""
        to = Recipient("channel", heard.channel or heard.user)
        text = "\n".join(reply.text for reply in replies)
        buttons = tuple(button for reply in replies for button in reply.buttons)
        self._add(ident, None, to, Reply(text, buttons), heard.thread)

    def _add(
        self, ident: str, person: Person | None, to: Recipient, reply: Reply, under: str
    ) -> None:
        key = f"{_key('slack', ident)}{f':{person.key}' if person else ''}"
        until = self.run.clock.today() + _KEPT
        outbox = Outbox(self.run.database)
        text = clean(reply.text)
        if len(text) > _LONGEST:
            whole = Message(f"{key}:whole", to, "all of it", until, under=under,
                            file_name="answer.txt", file_text=text)  # fmt: skip
            outbox.add(whole)
            text = f"{text[: _LONGEST - 300]}… (all of it is in the file)"
        outbox.add(Message(key, to, text, until, under=under, buttons=reply.buttons))

    def _overheard(self, ident: str, payload: dict[str, Any]) -> list[Message]:
        """A word that is listened for: marked, and passed on with a link."""
        listeners = {one.word: one for one in settings_of(self.run.config).listeners}
        found = overheard(payload, list(listeners))
        if found is None:
            return []
        heard, word = found
        listener = listeners[word]

        def mark() -> None:
            self.rooms.react(heard.channel, heard.at, listener.reaction)

        # Whoever asks for help is to be heard, with a reaction or without.
        if tried(self.run, _WORDS, mark):
            self.run.looked_at.add(_WORDS)
        return self._notes(_key("slack-word", ident), heard, listener)

    def _notes(self, key: str, heard: Said, listener: Listener) -> list[Message]:
        try:
            where = link_to(self.rooms.permalink(heard.channel, heard.at))
        except Failed as error:
            where = f"in {heard.channel} ({error.what})"
        today = self.run.clock.today()
        text, until = f"{clean(listener.word)}: {where}", today + _KEPT
        notes = [Message(key, Recipient("channel", listener.channel), text, until)]
        if listener.is_away(today):
            to = Recipient("channel", heard.channel)
            away = clean(listener.away_text)
            notes.append(Message(f"{key}:away", to, away, until, under=heard.thread))
        return notes


def _key(kind: str, ident: str) -> str:
    return f"{kind}:{hashlib.sha256(ident.encode('utf-8', 'replace')).hexdigest()[:24]}"
