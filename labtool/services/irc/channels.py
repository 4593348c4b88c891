"""Our channels: joined, and joined again whatever happens, without hammering the server."""

import random

from labtool.services.irc.desk import Desk
from labtool.services.irc.members import WHOX_MARK
from labtool.services.irc.settings import Timing
from labtool.services.irc.wire import Line

_WHY = {
    "403": "there is no such channel",
    "405": "we are in too many channels",
    "437": "it is unavailable for now",
    "470": "the server sends us to another channel",
    "471": "it is full",
    "473": "it is for invited people only",
    "474": "we are banned",
    "475": "it needs a key",
    "476": "its name is not valid",
    "477": "it is for identified users only",
}
REFUSED = tuple(_WHY)


def backoff(timing: Timing, attempt: int) -> float:
    """Seconds to wait after this many failures in a row, with jitter: many who lost the same
    server must not come back at the same instant."""
    base = min(timing.backoff_most, timing.backoff * float(2 ** min(attempt, 30)))
    return base * random.uniform(0.7, 1.3)  # noqa: S311 - not for secrets


class Channels:
    """Joins every channel of the settings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._attempts: dict[str, int] = {}
        self._started = False

    def start(self) -> None:
        """Join all now."""
        self._started = True
        for channel in self._desk.settings.channels:
            self._join(channel)

    def ours(self, name: str) -> str | None:
        """The channel as the settings write it; None for one that is not ours."""
        for channel in self._desk.settings.channels:
            if self._desk.same(channel, name):
                return channel
        return None

    def joined(self) -> bool:
        """Whether we are in one of them at least."""
        return any(self._desk.members.inside(channel) for channel in self._desk.settings.channels)

    def feed(self, line: Line) -> None:
        """See ourselves come and go. Called after the members took the line."""
        members = self._desk.members
        if line.command == "JOIN" and members.is_me(line.nick):
            self._entered(line.arg(0))
        elif line.command == "KICK" and members.is_me(line.arg(1)):
            who, why = line.nick, line.arg(2)
            self._left(line.arg(0), f"kicked from {line.arg(0)} by {who} ({why}); coming back")
        elif line.command == "PART" and members.is_me(line.nick):
            self._left(line.arg(0), f"removed from {line.arg(0)} by the server; coming back")
        elif line.command in REFUSED and self._started:
            self._refused(line)
        elif line.command == "INVITE" and members.is_me(line.arg(0)):
            channel = self.ours(line.arg(1))
            if channel and not members.inside(channel):
                self._desk.outgoing.command(f"JOIN {channel}")

    def _entered(self, name: str) -> None:
        channel = self.ours(name)
        if channel is None:
            self._desk.send(f"PART {name}")  # we were forwarded to where we are not wanted
            return
        self._desk.tell.good(f"join {channel}", f"joined {channel}")
        self._desk.tell.good(f"kick {channel}")
        timers, steady = self._desk.timers, self._desk.timing.steady
        timers.cancel(f"join {channel}")
        timers.later(f"steady {channel}", steady, lambda: self._steady(channel))
        if self._desk.features.whox:
            self._desk.outgoing.command(f"WHO {channel} %tnuhaf,{WHOX_MARK}")
        else:
            self._desk.outgoing.command(f"WHO {channel}")

    def _steady(self, channel: str) -> None:
        self._attempts.pop(channel, None)

    def _left(self, name: str, text: str) -> None:
        channel = self.ours(name)
        if channel:
            self._desk.tell.bad(f"kick {channel}", text)
            self._desk.timers.cancel(f"steady {channel}")
            self._again(channel)

    def _refused(self, line: Line) -> None:
        channel = self.ours(line.arg(1))
        if channel and not self._desk.members.inside(channel):
            text = f"cannot join {channel}: {_WHY[line.command]} ({line.arg(-1)}); trying again"
            self._desk.tell.bad(f"join {channel}", text, once=True)

    def _join(self, channel: str) -> None:
        if not self._desk.members.inside(channel):
            self._desk.send(f"JOIN {channel}")
            # Refused, or never answered: the next attempt is set either way.
            self._again(channel)

    def _again(self, channel: str) -> None:
        attempt = self._attempts.get(channel, 0)
        self._attempts[channel] = attempt + 1
        wait = backoff(self._desk.timing, attempt)
        self._desk.timers.later(f"join {channel}", wait, lambda: self._join(channel))
