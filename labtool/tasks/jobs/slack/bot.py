"""The bot: Slack's thread keeps what comes, this one answers, and looks after the connection."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from labtool.core.alive import alive
from labtool.core.errors import (
    AccessDenied,
    ConfigError,
    LabtoolError,
    Problem,
    StateError,
    Temporary,
)
from labtool.core.home import Block, Part
from labtool.core.log import complain
from labtool.core.people import Person
from labtool.core.said import Hear
from labtool.core.service import checkpoint, tried, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.jobs.open import jobs_of, settings_of
from labtool.tasks.jobs.slack import answers
from labtool.tasks.jobs.slack.answers import Answers
from labtool.tasks.jobs.slack.fresh import Fresh
from labtool.tasks.jobs.slack.hearing import concerns, ident
from labtool.tasks.jobs.slack.homes import Homes
from labtool.tasks.jobs.slack.inbox import Inbox, Spool
from labtool.tasks.jobs.slack.persons import Persons
from labtool.tasks.jobs.slack.progress import Progress

# Seconds: between looks where nothing comes, at the connection, how long it may be down before
# the admins hear, between tries to join a channel, and how long the state may be of no use
# before the bot ends, to be started again.
_LOOK, _EVERY, _DOWN, _JOIN, _USELESS = 0.5, 5.0, 120.0, 60.0, 600.0
_LINK, _CONFIG, _PEOPLE = "slack-bot connection", "slack-bot config", "slack-bot people"


class Link(Protocol):
    """The connection."""

    def connect(self) -> None:
        """Open it."""

    def look(self) -> float:
        """For how many seconds it has been down."""

    def close(self) -> None:
        """Let go of it."""


class Rooms(answers.Rooms, Protocol):
    """Slack's channels and people; every method raises as Slack's client."""

    def profile(self, user: str) -> Any:
        """Who somebody is: name, mail address, whether they are a member, our workspace."""

    def join(self, channel: str) -> None:
        """Go into a public channel."""

    def publish(self, user: str, blocks: Sequence[Block]) -> None:
        """Show blocks on somebody's Home tab."""


@dataclass(slots=True)
class Bot:
    """Answers what is said. `member` finds the Slack id of one of the people, `parts` makes
    those of the Home tab, `others` what else hears what is said."""

    run: Run
    fresh: Fresh
    rooms: Rooms
    member: Callable[[Person], str]
    parts: Callable[[Run], Sequence[Part]]
    others: Callable[[Run], Sequence[Hear]]
    stopped: threading.Event = field(default_factory=threading.Event)
    come: threading.Event = field(default_factory=threading.Event)
    _joined: set[str] = field(default_factory=set)
    _join_at: float = float("-inf")

    def receive(self, kind: str, payload: dict[str, Any]) -> bool:
        """Keep an event, in whichever thread; whether it may be acknowledged. One that cannot
        be kept is not, so that Slack sends it again, or tells who pressed a button."""
        name = ident(kind, payload)
        words = [one.word for one in settings_of(self.run.config).listeners]
        if not name or not concerns(payload, words):
            return True  # nothing that we could answer later
        try:
            self._spool.keep(name, payload)
        except StateError as error:
            complain(str(error))
            return False
        self.come.set()
        return True

    @property
    def _spool(self) -> Spool:
        return Spool(self.run.config.state / "slack-inbox")

    def serve(self, link: Link) -> None:
        """Until told to stop. Raises AccessDenied where Slack refuses at the start, StateError
        where the state is of no use for long, and KeyboardInterrupt after ^C."""
        persons = Persons(self.rooms.profile)
        homes = self._homes(persons)
        work = _Work(
            Inbox(self.run.database),
            Answers(
                self.run, self.fresh, persons, self.rooms, lambda: work.homes, lambda: work.others
            ),
            homes,
            Progress(self.run, self.rooms.update),
            self.others(self.run),
        )

        def stop() -> None:
            self.stopped.set()
            self.come.set()

        with until_told_to_stop(stop):
            try:
                self._connect(link)
                self._go_on(work, persons, link)
            finally:
                link.close()
        self.run.summary = "stopped"

    def _go_on(self, work: "_Work", persons: Persons, link: Link) -> None:
        looked, useful = float("-inf"), time.monotonic()
        while not self.stopped.is_set():
            self.come.wait(_LOOK)
            self.come.clear()
            try:
                if time.monotonic() - looked > _EVERY:
                    looked = time.monotonic()
                    self._look(link)
                    self._renew(work, persons)
                    self._join()
                    self._spool.tidy()
                    work.inbox.tidy()
                    checkpoint(self.run)
                self._once(work)
                useful = time.monotonic()
            except StateError as error:
                # Busy for long, or full: what comes is kept beside the database meanwhile.
                complain(str(error))
                if time.monotonic() - useful > _USELESS:
                    raise
                self.stopped.wait(_LOOK)

    def _once(self, work: "_Work") -> None:
        self._spool.empty_into(work.inbox)
        sends = work.answers.all(work.inbox)
        if sends:
            checkpoint(self.run)
        if work.progress.round():
            checkpoint(self.run)
        if work.homes.parts:
            tried(self.run, "slack-bot home", lambda: work.homes.round(self.fresh.people))

    def _renew(self, work: "_Work", persons: Persons) -> None:
        """Who has come or gone, and what the config says now."""

        def look() -> None:
            self.fresh.look()
            before, config = self.run.config, self.fresh.config
            if config is before:
                return
            if config.state != before.state:
                fix = "start slack-bot again"
                problem = Problem(str(config.path), "lab.state is another folder", fix)
                raise ConfigError([problem])
            self.run.task.config = config
            try:
                jobs_of(config)
                settings_of(config)
                work.homes, work.others = self._homes(persons), self.others(self.run)
            except LabtoolError:
                self.run.task.config = before
                raise
            work.answers.renew()

        for topic, step in ((_CONFIG, look), (_PEOPLE, self.fresh.look_at_people)):
            if tried(self.run, topic, step):
                self.run.looked_at.add(topic)

    def _homes(self, persons: Persons) -> Homes:
        return Homes(self.run, self.parts(self.run), persons, self.rooms.publish, self.member)

    def _connect(self, link: Link) -> None:
        """At the start a wrong token ends it; a network that is away does not."""
        try:
            link.connect()
        except Temporary as error:
            complain(str(error))

    def _join(self) -> None:
        """Go where the config wants it, again where Slack was away."""
        if time.monotonic() - self._join_at < _JOIN:
            return
        self._join_at = time.monotonic()
        for channel in settings_of(self.run.config).join:
            if channel in self._joined:
                continue
            topic = f"slack-bot {channel}"
            if tried(self.run, topic, lambda c=channel: self.rooms.join(c)):  # type: ignore[misc]  # mypy sees no type in the default
                self.run.looked_at.add(topic)
                self._joined.add(channel)

    def _look(self, link: Link) -> None:
        """Whether it is connected, for everybody who asks; long silence is told, and a token
        that is refused at once."""

        def look() -> None:
            try:
                down = link.look()
            except AccessDenied:
                self._health(None)
                raise
            self._health(down)
            if down > _DOWN:
                what = f"has been disconnected for {down:.0f} s"
                raise Temporary(what, where="Slack", fix="look at the network", code="slack")

        if tried(self.run, _LINK, look):
            self.run.looked_at.add(_LINK)

    def _health(self, down: float | None) -> None:
        alive(self.run.config.state, "slack-bot", connected=down == 0, down=down)


@dataclass(slots=True)
class _Work:
    inbox: Inbox
    answers: Answers
    homes: Homes
    progress: Progress
    others: Sequence[Hear]
