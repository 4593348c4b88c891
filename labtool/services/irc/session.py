"""One connection from its opening to its end: what comes is shown to every part."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from labtool.services.irc import nick as nicks
from labtool.services.irc.channels import Channels
from labtool.services.irc.desk import Desk, Timers
from labtool.services.irc.features import Features
from labtool.services.irc.link import Link, reason
from labtool.services.irc.login import Login
from labtool.services.irc.members import Members
from labtool.services.irc.nick import Nick
from labtool.services.irc.outgoing import Outgoing
from labtool.services.irc.settings import Heard, Settings, Timing
from labtool.services.irc.speech import Speech
from labtool.services.irc.telling import Telling
from labtool.services.irc.wire import Line, parse

_MOTD_PATIENCE = 5.0
_CONGESTION = 0.25


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom a session calls: with what is heard, when the queue is empty, with bugs."""

    heard: Callable[[Heard], None]
    flushed: Callable[[], None]
    oops: Callable[[Exception], None]


class Session:
    """A connection that is not made yet; `run` makes it and lives as long as it does."""

    def __init__(
        self, settings: Settings, timing: Timing, outgoing: Outgoing, tell: Telling, calls: Calls
    ) -> None:
        self._closed = asyncio.Event()
        self._calls = calls
        self._link = Link(
            started=self._started,
            received=self._received,
            closed=self._closed.set,
            oops=calls.oops,
        )
        features = Features()
        self._desk = Desk(
            settings=settings,
            timing=timing,
            features=features,
            members=Members(features, settings.nick, timing.account_kept),
            outgoing=outgoing,
            timers=Timers(calls.oops),
            tell=tell,
            send=self._link.send_raw,
            now=time.monotonic,
        )
        self._nick = Nick(self._desk)
        self._channels = Channels(self._desk)
        self._speech = Speech(self._desk, self._channels, self._heard)
        self._login = Login(self._desk, self._ready, self._nick.regain)
        self._registered: float | None = None
        self._is_ready = False
        self._last = 0.0
        self._why = ""

    @property
    def members(self) -> Members:
        """Who is in our channels."""
        return self._desk.members

    @property
    def connected(self) -> bool:
        """Whether we are registered and in a channel."""
        return self._is_ready and not self._closed.is_set() and self._channels.joined()

    @property
    def prefix(self) -> int:
        """The bytes of our `nick!user@host`; 0 while it is not known. That of the longer one
        of the nick that we have and the one that we want."""
        me = self.members.present(self.members.me, 0)
        if me is None or not me.host:
            return 0
        nick = max(len(me.nick.encode()), len(self._desk.settings.nick.encode()))
        return nick + 1 + len(me.host.encode())

    def lasted(self) -> float:
        """For how many seconds we have been registered."""
        return 0.0 if self._registered is None else self._desk.now() - self._registered

    async def run(self, stop: asyncio.Event) -> str:
        """Connect, and stay until `stop` is set or the connection ends; returns why it did."""
        try:
            failure = await self._open(stop)
            if failure or stop.is_set():
                return failure
            await _first(self._closed.wait(), stop.wait())
            if not self._closed.is_set():
                await self._quit()
            return self._why or "the server closed the connection"
        finally:
            self._desk.timers.close()
            self._link.abort()
            self._closed.set()

    async def _open(self, stop: asyncio.Event) -> str:
        """Connect; returns why that failed, or nothing."""
        seconds = self._desk.timing.connect
        opening = asyncio.ensure_future(self._link.open(self._desk.settings))
        await _first(opening, stop.wait(), seconds=seconds)
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            tls = self._desk.settings.tls
            hint = "; if that port speaks no TLS, write tls: false" if tls else ""
            return f"no connection within {seconds:g} s{hint}"
        try:
            opening.result()
        except (OSError, ValueError, OverflowError) as error:
            return reason(error)
        return ""

    async def _quit(self) -> None:
        self._link.send_raw(f"QUIT :{self._desk.settings.quit_message}")
        # The server closes after it, so that is when everything has arrived.
        await _first(self._closed.wait(), seconds=self._desk.timing.quit)

    def wake(self) -> None:
        """Something was queued: send it when its turn comes."""
        waits = self._desk.outgoing.wait(self._desk.now()) is not None
        if waits and self._is_ready and not self._desk.timers.waits("drain"):
            self._desk.timers.later("drain", 0, self._drain)

    def _drain(self) -> None:
        outgoing, now = self._desk.outgoing, self._desk.now
        sent = False
        while not self._link.congested:
            item = outgoing.take(now())
            if item is None:
                break
            target, text = item
            self._link.send_raw(f"PRIVMSG {target} :{text}" if target else text)
            sent = True
        wait = outgoing.wait(now())
        if wait is not None:
            pause = _CONGESTION if self._link.congested else wait
            self._desk.timers.later("drain", pause, self._drain)
        elif sent:
            self._calls.flushed()

    def _started(self) -> None:
        """The connection is open; the library sends NICK and USER next."""
        self._last = self._desk.now()
        self._desk.timers.later(
            "register",
            self._desk.timing.register,
            lambda: self._end("the server did not let us in in time"),
        )
        self._desk.timers.later("silence", self._desk.timing.ping, self._listen)
        self._login.start()

    def _listen(self) -> None:
        """Ask a silent server whether it is there, and give up a dead one."""
        timing, silent = self._desk.timing, self._desk.now() - self._last
        if silent >= timing.ping + timing.dead:
            self._end(f"nothing came from the server for {silent:.0f} s")
            return
        if silent >= timing.ping:
            self._link.send_raw("PING :labtool")
            wait = timing.ping + timing.dead - silent
        else:
            wait = timing.ping - silent
        self._desk.timers.later("silence", max(wait, 0.01), self._listen)

    def _end(self, why: str) -> None:
        self._why = self._why or why
        self._link.abort()

    def _received(self, text: str) -> None:
        self._last = self._desk.now()
        line = parse(text)
        if line is None:
            return
        self._desk.members.feed(line, self._last)
        for channel in self.members.stale:
            self._desk.outgoing.command(f"NAMES {channel}")
        self.members.stale.clear()
        self._follow(line)
        self._server(line)
        self._login.feed(line)
        self._nick.feed(line)
        self._channels.feed(line)
        self._speech.feed(line)
        self.wake()

    def _follow(self, line: Line) -> None:
        """What waits to be said goes with whom it is for, or nowhere."""
        outgoing = self._desk.outgoing
        if line.command == "NICK" and line.arg(0):
            outgoing.renamed(line.nick, line.arg(0))
        elif line.command == "QUIT" and line.nick:
            outgoing.gone(line.nick)
        elif line.command == "401" and not self._channels.ours(line.arg(1)):
            outgoing.gone(line.arg(1))

    def _server(self, line: Line) -> None:
        command = line.command
        if command == "PING":
            self._link.send_raw(f"PONG :{line.arg(-1)}")
        elif command == "ERROR":
            self._why = self._why or f"the server says: {line.arg(0)}"
        elif command == "465":
            self._why = f"we are banned from the server: {line.arg(-1)}"
        elif command == "001":
            self._welcome(line.arg(0))
        elif command == "005":
            self._desk.features.load(line.args[1:-1])
        elif command in ("376", "422") and self._registered is not None:
            self._login.welcome()
        elif command == "396" and self.members.is_me(line.arg(0)):
            self._moved(line.arg(1))
        elif command in nicks.REFUSED and self._registered is None:
            self._nick.refused(line)

    def _welcome(self, me: str) -> None:
        self._registered = self._desk.now()
        self._desk.timers.cancel("register")
        self.members.me = me or self._desk.settings.nick
        # Its message of the day ends the greeting; not every server has one or says so.
        self._desk.timers.later("motd", _MOTD_PATIENCE, self._login.welcome)
        server = self._desk.settings.server
        self._desk.tell.good("link", f"connected to {server} as {self.members.me}")

    def _moved(self, host: str) -> None:
        """Our host as others see it was changed."""
        me = self.members.present(self.members.me, 0)
        if me and host:
            user = me.host.partition("@")[0]
            whole = host if "@" in host else f"{user}@{host}"
            self.members.feed(Line("CHGHOST", tuple(whole.split("@", 1)), me.nick), 0)

    def _ready(self) -> None:
        """We are identified, if that could be: take our places."""
        self._desk.timers.cancel("motd")
        self._is_ready = True
        self._desk.outgoing.fold = self._desk.features.fold
        self._channels.start()
        self._nick.start()
        self.wake()

    def _heard(self, said: Heard) -> None:
        try:
            self._calls.heard(said)
        except Exception as error:  # noqa: BLE001 - a bug in a command is not the connection's
            self._calls.oops(error)


async def _first(*waits: object, seconds: float | None = None) -> None:
    """Until one of these is done, or the time is over; coroutines among them are cancelled,
    futures are left."""
    own = [asyncio.ensure_future(wait) for wait in waits if asyncio.iscoroutine(wait)]
    given = [wait for wait in waits if isinstance(wait, asyncio.Future)]
    try:
        await asyncio.wait([*own, *given], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in own:
            task.cancel()
