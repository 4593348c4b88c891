"""Who may connect to a web server of ours, how many at once, and how long they may idle."""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# Descriptors that a process of ours has use for; some systems set no limit at all.
_FILES = 65_536
_MOST = 10_000
_BACKLOG = 256


@dataclass(frozen=True, slots=True)
class Patience:
    """What one who connects may take: `head` seconds from the connection, or from the answer
    before, to the end of a request's head; `stuck` seconds without reading what we send;
    `each` connections from one address."""

    head: float = 10
    stuck: float = 60
    each: int = 64


def open_files() -> int:
    """How many files this process may have open, once it may have as many as it is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return wanted if soft == resource.RLIM_INFINITY else soft


class Doors:
    """Counts who is in: half as many as there may be open files, and `each` from one address.
    All that a proxy on this machine passes on comes from loopback, which has no such bound."""

    def __init__(self, files: int, each: int) -> None:
        self.most = max(1, min(_MOST, files // 2))
        # So many are accepted before the first of them can be sent away.
        self.backlog = max(1, min(_BACKLOG, files // 8))
        self._each = each
        self._inside = 0
        self._from: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether one more may come in; who did `leave`s later."""
        place = _place(address)
        if self._inside >= self.most or (place and self._from[place] >= self._each):
            return False
        self._inside += 1
        if place:
            self._from[place] += 1
        return True

    def leave(self, address: str) -> None:
        """Somebody who came in is gone."""
        place = _place(address)
        self._inside -= 1
        if place:
            self._from[place] -= 1
            if not self._from[place]:
                del self._from[place]


def _place(address: str) -> str:
    """What is counted as one address: of IPv6 the network that one customer has. Empty for
    this machine."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 6:
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return ""
    if found.version == 6:
        return str(ip_network((found, 64), strict=False))
    return str(found)


def guarded(doors: Doors, patience: Patience) -> type[H11Protocol]:
    """The server's protocol of one connection, with these bounds."""
    return type("Guarded", (_Guarded,), {"doors": doors, "patience": patience})


class _Guarded(H11Protocol):
    """While a request is answered, however long that takes, its connection is not idle."""

    doors: Doors
    patience: Patience
    _entered = ""
    _idle: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else "?"
        if not self.doors.enter(address):
            transport.abort()
            return
        self._entered = address
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._entered:
            self.doors.leave(self._entered)
            self._entered = ""
        for timer in (self._idle, self._stuck):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._wait_for_head()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.patience.stuck, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
        super().resume_writing()

    def _wait_for_head(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self.loop.call_later(self.patience.head, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def quietly(tell: Callable[[str], None]) -> Callable[[asyncio.AbstractEventLoop, Any], None]:
    """An exception handler of a loop: connections that cannot be accepted are told once, and
    of anything else its kind."""
    told = False

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told
        error = context.get("exception")
        if "accept" in str(context.get("message", "")):
            if not told:
                why = getattr(error, "strerror", None) or "no resources"
                tell(f"connections cannot be accepted for now ({why}); this is said once")
            told = True
            return
        tell(f"the web server met an error ({type(error).__name__}): {context.get('message')}")

    return handle
