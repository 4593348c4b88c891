"""The instruments on the Home tab of the lab's Slack app: published anew when something has
changed, for each person at most once in ten seconds.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from labtool.core.people import NoMatch, People, Person
from labtool.core.text import one_line
from labtool.tasks.instruments.center.looking import Look
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.words import in_words

# Seconds. Slack allows more, but nobody reads faster.
_REST = 10.0
_LONGEST = 300


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


def blocks(looks: Sequence[Look], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Slack's blocks. All of it is plain text: nothing that a log says is markup."""
    found: list[dict[str, Any]] = [_block("header", "Instruments")]
    for look in looks:
        lines = [f"{look.name}: {in_words(look)}"]
        if look.free:
            low, high = (f"{t.astimezone(zone):%H:%M}" for t in (look.free.low, look.free.high))
            late = ", late" if look.free.late(now) else ""
            at = look.free.at.astimezone(zone)
            lines.append(f"Free at about {at:%H:%M} ({low} to {high}){late}")
        if look.state and look.state.user and look.busy:
            lines.append(f"In use by {look.state.user}")
        if look.state and look.state.alerts:
            lines.append(f"Look at: {', '.join(look.state.alerts)}")
        found.append(_block("section", "\n".join(one_line(line, _LONGEST) for line in lines)))
    return found


def _block(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": {"type": "plain_text", "text": text, "emoji": False}}
