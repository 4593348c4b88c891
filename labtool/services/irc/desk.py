"""What the parts of one connection share: settings, timers, and ways to send and to tell."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from labtool.services.irc.features import Features
from labtool.services.irc.members import Members
from labtool.services.irc.outgoing import Outgoing
from labtool.services.irc.settings import Settings, Timing
from labtool.services.irc.telling import Telling


class Timers:
    """Things to do later, by name: a new one of a name replaces the old one."""

    def __init__(self, oops: Callable[[Exception], None]) -> None:
        self._oops = oops
        self._handles: dict[str, asyncio.TimerHandle] = {}
        self._closed = False

    def later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        """Call `act` after so many seconds."""
        self.cancel(name)
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._handles[name] = loop.call_later(seconds, self._run, name, act)

    def waits(self, name: str) -> bool:
        """Whether one of this name is still to come."""
        return name in self._handles

    def cancel(self, name: str) -> None:
        """Do not do it; nothing where there is none."""
        handle = self._handles.pop(name, None)
        if handle:
            handle.cancel()

    def close(self) -> None:
        """Cancel all, and take no more."""
        self._closed = True
        for name in list(self._handles):
            self.cancel(name)

    def _run(self, name: str, act: Callable[[], None]) -> None:
        self._handles.pop(name, None)
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a bug here must not end the connection
            self._oops(error)


@dataclass(slots=True)
class Desk:
    """One connection's. `send` sends a line at once; `outgoing` keeps to the rate; `now` is
    monotonic, in seconds."""

    settings: Settings
    timing: Timing
    features: Features
    members: Members
    outgoing: Outgoing
    timers: Timers
    tell: Telling
    send: Callable[[str], None]
    now: Callable[[], float]

    def same(self, one: str, other: str) -> bool:
        """Whether two names are the same to the server."""
        return self.features.fold(one) == self.features.fold(other)
