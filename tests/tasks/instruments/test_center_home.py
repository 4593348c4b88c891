"""Slack's Home tabs: for each who wants one, whatever becomes of the others'."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from labtool.core.errors import Temporary
from labtool.core.people import Person
from labtool.tasks.instruments.center.eta import Estimate
from labtool.tasks.instruments.center.home import Homes
from labtool.tasks.instruments.center.looking import Look
from labtool.tasks.instruments.center.models import State
from labtool.tasks.instruments.kinds.attune import Options
from tests.tasks.instruments.center import NOON, PEOPLE

UTC = ZoneInfo("UTC")
OPTIONS = Options(kind="attune", home=("Ann Lee", "Bob Stone"))


class Tabs:
    """Slack, of which some people cannot be reached."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.seen: list[tuple[str, str]] = []

    def publish_home(self, person: Person, blocks: Sequence[dict[str, Any]]) -> None:
        if person.key in self.away:
            raise Temporary("is down", where="Slack")
        self.seen.append((person.key, blocks[1]["text"]["text"]))


def looked(state: str, free: Estimate | None = None) -> Look:
    found = State.model_validate({"version": 1, "state": state})
    return Look("a", "Attune", "live", NOON, "", found, free, 0)


def test_who_cannot_be_reached_gets_it_later_and_keeps_nobody_from_theirs() -> None:
    tabs, seconds = Tabs(), 0.0
    homes = Homes(lambda: seconds)

    def publish(state: str) -> None:
        homes.publish([(looked(state), OPTIONS)], PEOPLE, tabs, NOON, UTC)

    tabs.away = {"ann"}
    with pytest.raises(Temporary):
        publish("idle")
    assert tabs.seen == [("bob", "Attune: idle")]
    publish("idle")  # not at once again
    tabs.away, seconds = set(), 11.0
    publish("idle")
    publish("idle")
    assert tabs.seen[1:] == [("ann", "Attune: idle")]
    # What failed later leaves what is shown there as it was.
    tabs.away, seconds = {"ann"}, 22.0
    with pytest.raises(Temporary):
        publish("starting")
    tabs.away, seconds = set(), 33.0
    publish("starting")
    assert tabs.seen[2:] == [("bob", "Attune: starting"), ("ann", "Attune: starting")]


def test_late_is_said() -> None:
    tabs, seconds = Tabs(), 0.0
    homes = Homes(lambda: seconds)
    free = Estimate(NOON, NOON - timedelta(minutes=1), NOON + timedelta(minutes=1), 9)
    for minutes in (0, 2):
        seconds = 11.0 * minutes
        now = NOON + timedelta(minutes=minutes)
        homes.publish([(looked("running", free), OPTIONS)], PEOPLE, tabs, now, UTC)
    said = [text.splitlines()[1] for who, text in tabs.seen if who == "ann"]
    assert said == [
        "Free at about 12:00 (11:59 to 12:01)",
        "Free at about 12:00 (11:59 to 12:01), late",
    ]
