"""Load balancers: whoever has the duty hears of each outage once, and whoever heard of it hears
of its end once, whatever happens in between."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labtool.core.clock import Clock
from labtool.core.config import Config, load
from labtool.core.database import Database
from labtool.core.delivery import Post
from labtool.core.errors import Failed
from labtool.core.messages import Recipient
from labtool.core.outbox import Outbox
from labtool.core.task import Run, Task
from labtool.tasks.cache.balance import Kind, Look, State, down_since
from labtool.tasks.cache.sources._base import Answer, Watched
from labtool.tasks.cache.telling import Who, tell
from labtool.tasks.sections import SECTIONS
from tests.lab import Lab

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KINDS: tuple[Kind, ...] = ("classic", "application")
ANN, BOB = Recipient("person", "ann"), Recipient("person", "bob")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    lab = Lab(tmp_path_factory.mktemp("balance"))
    lab.configure({"lab": {"name": "Example Lab"}})
    return load(lab.config_file, SECTIONS)


@dataclass(frozen=True, slots=True)
class Step:
    """A refresh: the hosts and how many are healthy (None: the balancer is not there), who has
    the duty, whether its kind may be looked at, whether the run was killed before it told, and
    whether the duties cannot be read."""

    hosts: int = 3
    healthy: int | None = 3
    duty: Recipient = ANN
    allowed: bool = True
    killed: bool = False
    unread: bool = False


@dataclass(slots=True)
class World:
    """A database and what was said, by recipient: each text with its number."""

    config: Config
    database: Database = field(default_factory=Database.blank)
    now: datetime = NOW

    def look(self, step: Step) -> None:
        self.now += timedelta(minutes=15)
        seen = []
        if step.healthy is not None:
            seen = [Look("front", "classic", step.hosts, min(step.hosts, step.healthy))]
        kinds = frozenset({"classic", "application"} if step.allowed else {"application"})
        watched = Watched("AWS", tuple(seen) if step.allowed else (), kinds)

        def on_duty(duty: str) -> list[Recipient]:
            if step.unread:
                raise Failed("cannot be read")
            return [step.duty]

        if not step.killed:
            tell(self.run(), "cloud", Answer({}, watched=watched), Who(lambda: [BOB], on_duty))

    def run(self) -> Run:
        def connect(database: Database) -> Post:
            raise AssertionError

        clock = Clock(ZoneInfo("UTC"), self.now)
        task = Task(
            "cache", (), "", self.config, clock, dry_run=False, json=False, verbose=False,
            quiet=True, connect=connect, admins=lambda _: [],
        )  # fmt: skip
        return Run(task, self.database, Outbox(self.database))

    def said(self) -> list[tuple[Recipient, str]]:
        """To whom, and whether it was an outage's beginning or end."""
        return [
            (entry.message.to, "end" if entry.message.colour == "good" else "down")
            for entry in Outbox(self.database).entries()
        ]


@dataclass(slots=True)
class Model:
    """What ought to have been said, by the rules alone."""

    had_hosts: bool = False
    low: int = 0
    told: set[Recipient] = field(default_factory=set)
    said: Counter[tuple[Recipient, str]] = field(default_factory=Counter)

    def look(self, step: Step) -> None:
        if step.killed or not step.allowed:
            return
        gone = step.healthy is None
        self.had_hosts = not gone and (self.had_hosts or step.hosts > 0)
        well = gone or min(step.hosts, step.healthy or 0) > 0
        self.low = 0 if well or not self.had_hosts else self.low + 1
        if self.low >= 2:
            whom = BOB if step.unread else step.duty
            if whom not in self.told:
                self.said[whom, "down"] += 1
                self.told.add(whom)
        if well:
            self.said.update((whom, "end") for whom in self.told)
            self.told = set()


steps = st.builds(
    Step,
    hosts=st.sampled_from([0, 0, 1, 3]),
    healthy=st.sampled_from([0, 0, 0, 0, 1, 3, None]),
    duty=st.sampled_from([ANN, BOB]),
    allowed=st.sampled_from([True, True, True, False]),
    killed=st.sampled_from([False, False, False, True]),
    unread=st.sampled_from([False, False, True]),
)
DOWN, UP = Step(healthy=0), Step()


@given(st.lists(steps, max_size=30))
@example([UP, Step(hosts=0, healthy=0), Step(hosts=0, healthy=0)])
@example([UP, DOWN, DOWN, Step(hosts=0, healthy=0), UP])
@example([UP, DOWN, DOWN, Step(duty=BOB)])
@example([UP, DOWN, DOWN, Step(healthy=0, duty=BOB), UP])
@example([UP, DOWN, DOWN, Step(allowed=False), UP])
@example([DOWN, DOWN, UP, DOWN, DOWN, UP])
@example([UP, DOWN, DOWN, Step(healthy=None), DOWN, DOWN])
def test_each_outage_is_told_once_and_its_end_once(config: Config, looks: list[Step]) -> None:
    world, model = World(config), Model()
    for step in looks:
        world.look(step)
        model.look(step)
        assert Counter(world.said()) == +model.said


def test_hosts_that_never_were_are_no_alarm(config: Config) -> None:
    world = World(config)
    for _ in range(5):
        world.look(Step(hosts=0, healthy=0))
    assert world.said() == []


def test_two_of_one_name_are_told_apart(config: Config) -> None:
    world = World(config)
    both = tuple(Look("same", kind, 1, 0) for kind in KINDS)
    watched = Watched("AWS", both, frozenset(KINDS))
    for _ in range(3):
        world.now += timedelta(minutes=15)
        who = Who(lambda: [BOB], lambda _: [ANN])
        tell(world.run(), "cloud", Answer({}, watched=watched), who)
    assert world.said() == [(ANN, "down")] * 2


def test_what_is_kept_may_be_nonsense() -> None:
    for text in (None, "", "x", "[]", "{}", '{"told": 3, "looks": "x", "since": {}}'):
        assert State.read(text) == State()
    known = State(had_hosts=True, looks=2, since="2026-11-25T12:00:00.000Z", told=("person:ann",))
    assert State.read(known.write()) == known


@pytest.mark.parametrize(
    "before", [None, [], {"balancers": [None, {"name": "x"}]}, {"balancers": {"name": 3}}]
)
def test_since_when_may_not_be_known(before: object) -> None:
    assert down_since(before, Look("x", "classic", 2, 0), NOW) == "2026-11-25T12:00:00.000Z"
    assert down_since(before, Look("x", "classic", 0, 0), NOW) is None


def test_the_page_says_since_when(tmp_path: Path) -> None:
    entry = {"name": "x", "kind": "classic", "hosts": 2, "down_since": "2026-11-25T11:00:00Z"}
    before = {"balancers": [entry]}
    gone, well = Look("x", "classic", 0, 0), Look("x", "classic", 2, 1)
    assert down_since(before, gone, NOW) == "2026-11-25T11:00:00Z"
    assert down_since(before, well, NOW) is None
    assert down_since(before, Look("x", "application", 0, 0), NOW) is None
