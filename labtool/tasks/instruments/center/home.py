"""The instruments on the Home tab of the lab's Slack app. Where `slack-bot` composes the tab
they are a part of it; else `serve` publishes them alone, anew when something has changed, for each
person at most once in ten seconds.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from labtool.core.config import Config
from labtool.core.errors import Failed
from labtool.core.home import Block, Part, Show, Visitor, button, header, section
from labtool.core.people import NoMatch, People, Person
from labtool.core.task import Run
from labtool.core.text import one_line
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.looking import Look, look
from labtool.tasks.instruments.center.telling import ask_no_more, ask_when_free, waiting_for_it
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.section import Instruments
from labtool.tasks.instruments.words import in_words

# Seconds. Slack allows more, but nobody reads faster.
_REST = 10.0
_LONGEST = 300
# What is pressed, and before an instrument of which nothing more is to be heard.
_ACTION, _NO = "instrument-free", "!"


class Tab(Protocol):
    """Slack, as far as it is needed here."""

    def publish_home(self, person: Person, blocks: Sequence[dict[str, Any]]) -> None:
        """Show these blocks on the person's Home tab."""


class Homes:
    """What was published, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown: dict[str, tuple[list[dict[str, Any]], float]] = {}

    def publish(
        self,
        looks: Sequence[tuple[Look, InstrumentOptions]],
        people: People,
        slack: Tab,
        now: datetime,
        zone: ZoneInfo,
    ) -> bool:
        """Publish what has changed; whether something has to wait a little. Raises what Slack
        raises first, once the others have theirs; who has not gets it after the rest."""
        waits, failed = False, list[Exception]()
        for name in dict.fromkeys(name for _, options in looks for name in options.home):
            wanted = [found for found, options in looks if name in options.home]
            made = blocks(wanted, now, zone)
            before, at = self._shown.get(name, ([], float("-inf")))
            if made == before:
                continue
            if self._clock() - at < _REST:
                waits = True
                continue
            try:
                person = people.find(name)
            except NoMatch:
                continue  # `labtool check` tells
            try:
                slack.publish_home(person, made)
            except Exception as error:  # noqa: BLE001  (raised again below)
                failed.append(error)
                made = before  # is what is shown there
            self._shown[name] = (made, self._clock())
        if failed:
            raise failed[0]
        return waits


def blocks(looks: Sequence[Look], now: datetime, zone: ZoneInfo) -> list[Block]:
    """Slack's blocks. All of it is plain text: nothing that a log says is markup."""
    return [header("Instruments"), *(_about(found, now, zone) for found in looks)]


def _about(found: Look, now: datetime, zone: ZoneInfo) -> Block:
    lines = [f"{found.name}: {in_words(found)}"]
    if found.free:
        low, high = (f"{t.astimezone(zone):%H:%M}" for t in (found.free.low, found.free.high))
        late = ", late" if found.free.late(now) else ""
        at = found.free.at.astimezone(zone)
        lines.append(f"Free at about {at:%H:%M} ({low} to {high}){late}")
    if found.state and found.state.user and found.busy:
        lines.append(f"In use by {found.state.user}")
    if found.state and found.state.alerts:
        lines.append(f"Look at: {', '.join(found.state.alerts)}")
    return section("\n".join(one_line(line, _LONGEST) for line in lines))


def bot_composes(config: Config) -> bool:
    """Whether `slack-bot` publishes the tab, with this part of it."""
    slack = config.core.slack
    return bool(slack and slack.app_token and config.has("jobs"))


def part(run: Run) -> Part | None:
    """The part, where the config names instruments that somebody wants to see. Raises
    ConfigError."""
    if not run.config.has("instruments"):
        return None
    known = run.config.section("instruments", Instruments).all()
    shown = {key: options for key, options in known.items() if options.home}
    wanted = tuple(dict.fromkeys(name for options in shown.values() for name in options.home))
    made = _Part(run, shown)
    return Part(made.look, wanted, _ACTION, made.press) if shown else None


@dataclass(frozen=True, slots=True)
class _Part:
    run: Run
    known: dict[str, InstrumentOptions]

    def look(self) -> Show:
        database, now = self.run.database, self.run.clock.now()
        keeping = Keeping(database)
        found = [look(key, options, keeping, now) for key, options in self.known.items()]
        asked = {key: waiting_for_it(database, key) for key in self.known}

        def show(visitor: Visitor) -> list[Block]:
            theirs = [one for one in found if _is_for(visitor, self.known[one.key])]
            made = [block for one in theirs for block in self._one(one, now, visitor, asked)]
            return [header("Instruments"), *made] if made else []

        return show

    def _one(
        self, found: Look, now: datetime, visitor: Visitor, asked: Mapping[str, Mapping[str, str]]
    ) -> Iterator[Block]:
        yield _about(found, now, self.run.clock.zone)
        if visitor.person and visitor.person.key in asked[found.key]:
            yield button("Do not notify me", _ACTION, f"{_NO}{found.key}")
        elif found.busy:
            yield button("Notify me when free", _ACTION, found.key)

    def press(self, visitor: Visitor, value: str) -> str:
        """They want to hear when it is free, or not any more."""
        key = value.removeprefix(_NO)
        options = self.known.get(key)
        if options is None or visitor.person is None or not _is_for(visitor, options):
            raise Failed("that instrument is not yours to ask for", code="not_allowed")
        name = options.name or key
        if value.startswith(_NO):
            ask_no_more(self.run, key, visitor.person.key)
            return f"I will not tell you when {name} is free"
        ask_when_free(self.run, key, visitor.person.key)
        return f"I will tell you when {name} is free"


def _is_for(visitor: Visitor, options: InstrumentOptions) -> bool:
    return any(name in visitor.called for name in options.home)
