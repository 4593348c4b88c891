"""A client of IRC that is there: it connects, and comes back whatever happens."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from labtool.core.masking import conceal
from labtool.services.irc.channels import backoff
from labtool.services.irc.lines import addressable, room, split
from labtool.services.irc.outgoing import Bucket, Outgoing
from labtool.services.irc.probe import as_found, speaks_tls
from labtool.services.irc.session import Calls, Session
from labtool.services.irc.settings import Heard, Member, Settings, Timing
from labtool.services.irc.telling import Telling

# The library's debug log repeats passwords: nobody may turn it on.
logging.getLogger("irc").setLevel(logging.WARNING)


class IrcClient:
    """Keeps us on IRC as `settings` say, and knows who is there.

    `heard` is called with every line that somebody says to us or in our channels. `told` gets
    a plain sentence, never with a secret, for each thing that is worth knowing. `flushed` is
    called each time that the last queued line was sent. `oops` gets what `heard`, `flushed`
    or a bug raised; the connection goes on. All of it belongs to the event loop of `run`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        heard: Callable[[Heard], None],
        told: Callable[[str], None],
        flushed: Callable[[], None] = lambda: None,
        oops: Callable[[Exception], None] = lambda error: None,
        timing: Timing | None = None,
    ) -> None:
        conceal(settings.password)
        self._settings = settings
        self._timing = timing or Timing()
        self._flushed = flushed
        self._calls = Calls(heard, self._empty, oops)
        self._tell = Telling(
            told, secret=settings.password, repeat=self._timing.repeat, clock=time.monotonic
        )
        self._outgoing = Outgoing(Bucket(settings.burst, settings.interval))
        self._session: Session | None = None
        self._tls = settings.tls

    @property
    def connected(self) -> bool:
        """Whether we are registered, and in one channel at least."""
        return self._session is not None and self._session.connected

    @property
    def dropped(self) -> int:
        """How many lines were left out so far, because too many waited."""
        return self._outgoing.dropped

    async def run(self, stop: asyncio.Event) -> None:
        """Connect and stay connected until `stop` is set; then say QUIT. Raises nothing for
        what the network or the server does."""
        where = f"{self._settings.server}:{self._settings.port}"
        failures = 0
        up = time.monotonic()
        while not stop.is_set():
            settings = await self._found(stop)
            if stop.is_set():
                break
            session = self._session = Session(
                settings, self._timing, self._outgoing, self._tell, self._calls
            )
            try:
                why = await session.run(stop)
            except Exception as error:  # noqa: BLE001 - a bug must not end the service
                why = "an error of labtool"
                self._calls.oops(error)
            self._session = None
            if stop.is_set():
                break
            lasted = session.lasted()
            if lasted:
                self._tls = settings.tls
            self._tell.bad(
                "link", f"{'lost' if lasted else 'cannot reach'} {where}: {why}; trying again"
            )
            failures = 0 if lasted >= self._timing.steady else failures
            up = time.monotonic() if lasted else up
            # What is sent late may reach somebody else who has the nick by then.
            late = time.monotonic() - up > self._timing.stale
            self._outgoing.clear(commands_only=not late)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), backoff(self._timing, failures))
            failures += 1

    async def _found(self, stop: asyncio.Event) -> Settings:
        """The settings for the next connection: where they do not say whether there is TLS,
        the server is asked until it is known."""
        if self._settings.tls is not None:
            return self._settings
        if self._tls is None:
            server, port = self._settings.server, self._settings.port
            asked = asyncio.ensure_future(asyncio.to_thread(speaks_tls, server, port))
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait((asked, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not asked.done():
                return self._settings
            self._tls = asked.result()
        settings, note = as_found(self._settings, self._tls)
        if note:
            self._tell.bad("plain", note, once=True)
        return settings

    def say(self, target: str, text: str, *, bulk: bool = False, turn: str = "") -> None:
        """Queue a message to a channel or a nick; `bulk` ones (notifications) let everything
        else go first. `turn` is whom it is for (`user@host`): they take turns. A text that
        cannot be a message is left out."""
        if not addressable(target):
            return
        prefix = self._session.prefix if self._session else 0
        dropped = self.dropped
        for line in split(text, room(prefix, target)):
            self._outgoing.say(target, line, bulk=bulk, turn=turn)
        if self.dropped > dropped:
            self._tell.bad("queue", "too much waits to be said: some lines are left out")
        if self._session:
            self._session.wake()

    def _empty(self) -> None:
        self._tell.good("queue")
        self._flushed()

    def present(self, nick: str) -> Member | None:
        """Somebody who is in one of our channels now."""
        if self._session is None:
            return None
        return self._session.members.present(nick, time.monotonic())

    def with_account(self, account: str) -> list[Member]:
        """Those in our channels who are identified to services as this account."""
        if self._session is None:
            return []
        return self._session.members.with_account(account, time.monotonic())
