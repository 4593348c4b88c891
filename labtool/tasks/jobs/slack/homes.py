"""The Home tab: composed of the tasks' parts, published when it is opened and when something has
changed, for each person at most once in ten seconds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.home import Block, Part, Show, Visitor, section
from labtool.core.people import NoMatch, People, Person
from labtool.core.service import tried
from labtool.core.task import Run
from labtool.tasks.jobs.slack.hearing import Said
from labtool.tasks.jobs.slack.persons import Persons

# Seconds: between looks, between two tabs of one person (Slack allows more, but nobody reads
# faster), and after Slack has refused one.
_LOOK, _REST, _REFUSED = 2.0, 10.0, 60.0
# Seconds that a round may take: others wait for an answer meanwhile.
_ROUND = 1.0
# Seconds that somebody's Slack id holds.
_KNOWN = 600.0
# Who has not opened it for so long sees it as it was, until they open it.
_KEPT = timedelta(days=30)
_BLOCKS = 100
_SPACE, _TOPIC = "slack-home", "slack-bot home"


@dataclass(slots=True)
class _Tab:
    """What somebody sees, from when on they may see something else, and whether Slack refused
    to show it."""

    shown: list[Block] | None = None
    rests: float = 0.0
    refused: bool = False


@dataclass(slots=True)
class Homes:
    """The tabs. `publish` shows blocks on the tab of a Slack id, `member` finds somebody's id;
    both raise as Slack."""

    run: Run
    parts: Sequence[Part]
    persons: Persons
    publish: Callable[[str, Sequence[Block]], None]
    member: Callable[[Person], str]
    _tabs: dict[str, _Tab] = field(default_factory=dict)
    _looked: float = float("-inf")
    _rests: float = float("-inf")
    _ids: tuple[float, list[str]] = (float("-inf"), [])

    def __post_init__(self) -> None:
        marks = Marks(self.run.database, _SPACE)
        marks.forget(iso(self.run.clock.now() - _KEPT))
        self._tabs = {user: _Tab() for user in marks.all()}

    def opened(self, user: str) -> None:
        """Somebody looks at their tab."""
        at = iso(self.run.clock.now())
        Marks(self.run.database, _SPACE).put(user, at, at)
        self._tabs.setdefault(user, _Tab())
        self.soon()

    def soon(self) -> None:
        """Something has changed."""
        self._looked = float("-inf")

    def press(self, action: str, value: str, visitor: Visitor) -> str:
        """Do what a button of a tab asks for; what came of it. Raises LabtoolError."""
        for part in self.parts:
            if part.press and part.action == action:
                self.soon()
                return part.press(visitor, value)
        raise Failed("that button has gone", fix="open the tab again", code="button")

    def round(self, people: People) -> None:
        """Publish what has changed, if it is time."""
        if time.monotonic() - self._looked < _LOOK or time.monotonic() < self._rests:
            return
        self._looked = time.monotonic()
        done = tried(self.run, _TOPIC, lambda: self._round(people))
        # One that rests after it was refused is no sign that it would be taken now.
        if done and not any(tab.refused for tab in self._tabs.values()):
            self.run.looked_at.add(_TOPIC)

    def _round(self, people: People) -> None:
        wanted = self._wanted(people)
        users = list(dict.fromkeys([*self._tabs, *wanted]))
        if not users:
            return
        shows = [part.look() for part in self.parts]
        problem: LabtoolError | None = None
        end = time.monotonic() + _ROUND
        for user in users:
            if time.monotonic() > end:
                self.soon()  # the rest at once after those who wait
                break
            tab = self._tabs.setdefault(user, _Tab())
            if time.monotonic() < tab.rests:
                continue
            try:
                self._one(user, tab, shows, people)
                tab.refused = False
            except LabtoolError as error:
                tab.rests = time.monotonic() + _REFUSED
                if isinstance(error, Failed) and not isinstance(error, AccessDenied):
                    continue  # somebody who has gone has no tab
                tab.refused, problem = True, error
                if isinstance(error, Temporary):
                    # It would say the same of all the others.
                    self._rests = time.monotonic() + (error.retry_after or _REFUSED)
                    break
        if problem is not None:
            raise problem

    def _one(self, user: str, tab: _Tab, shows: Sequence[Show], people: People) -> None:
        visitor = self.visitor(user, people)
        made = [block for show in shows for block in show(visitor)][:_BLOCKS]
        made = made or [section("There is nothing to show.")]
        if made != tab.shown:
            self.publish(user, made)
            tab.shown, tab.rests = made, time.monotonic() + _REST

    def visitor(self, user: str, people: People) -> Visitor:
        """Whose tab it is. Raises as Slack."""
        said = Said("", user, "", "", "")
        who = self.persons.who(said, people, self.run.clock.today())
        called = [n for n in self._names() if who.person and _named(people, n) == who.person]
        return Visitor(user, who.asker.name, who.person, who.member, frozenset(called))

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for part in self.parts for name in part.wanted))

    def _wanted(self, people: People) -> list[str]:
        """The ids of those who have the tab before they opened it, looked up now and then."""
        at, found = self._ids
        if time.monotonic() - at < _KNOWN:
            return found
        found = []
        for name in self._names():
            person = _named(people, name)
            if person and (person.slack or person.email):
                try:
                    found.append(self.member(person))
                except Failed as error:
                    if isinstance(error, AccessDenied):
                        raise
        self._ids = (time.monotonic(), found)
        return found


def _named(people: People, name: str) -> Person | None:
    try:
        return people.find(name)
    except NoMatch:
        return None  # `labtool check` tells
