"""The client under test, running in a loop of its own."""

import asyncio
from collections.abc import Callable
from typing import Any, Self, TypeVar

from labtool.services.irc.client import IrcClient
from labtool.services.irc.settings import Heard, Settings, Timing
from tests.lab import poll
from tests.servers.loop import Loop

T = TypeVar("T")

# Quick, so that nothing waits long; what a test is about it sets itself.
QUICK: dict[str, float] = {"backoff": 0.05, "backoff_most": 0.2, "regain": 0.2, "identify": 5}


def settings(port: int, **values: Any) -> Settings:
    """Those for a server on a port of loopback, without TLS and without a limit of speed."""
    given = {
        "server": "127.0.0.1",
        "port": port,
        "tls": False,
        "ca_file": None,
        "nick": "bot",
        "channels": ("#lab",),
        "interval": 0.0,
    }
    return Settings(**{**given, **values})


class Running:
    """`with Running(settings(port)) as bot:` connects, and quits at the end. Whatever the
    client passed to `oops` fails the test, except where `bugs` says so."""

    def __init__(
        self,
        chosen: Settings,
        *,
        hear: Callable[[Heard], None] = lambda said: None,
        bugs: bool = False,
        **timing: float,
    ) -> None:
        self.heard: list[Heard] = []
        self.told: list[str] = []
        self.oops: list[Exception] = []
        self.flushed = 0
        self._hear = hear
        self._bugs = bugs
        self._loop = Loop()
        self._stop = asyncio.Event()
        self.client = IrcClient(
            chosen,
            heard=self._on_heard,
            told=self.told.append,
            flushed=self._on_flushed,
            oops=self.oops.append,
            timing=Timing(**{**QUICK, **timing}),
        )
        self._run = asyncio.run_coroutine_threadsafe(self.client.run(self._stop), self._loop.loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.stop()
        assert self._bugs or not self.oops, self.oops

    def stop(self) -> None:
        """Ask it to end, and wait until it did."""
        self._loop.loop.call_soon_threadsafe(self._stop.set)
        self._run.result(10)

    def ready(self) -> Self:
        """Wait until it is in a channel."""
        poll(lambda: self.client.connected, message=f"never connected: {self.told}")
        return self

    def say(self, target: str, text: str, *, bulk: bool = False) -> None:
        """As `IrcClient.say`."""
        self.do(lambda: self.client.say(target, text, bulk=bulk))

    def do(self, work: Callable[[], T]) -> T:
        """Call something in the client's loop."""

        async def call() -> T:
            return work()

        return self._loop.call(call())

    def hears(self, text: str) -> Heard:
        """Wait for a line that was heard."""
        found = poll(
            lambda: [said for said in list(self.heard) if said.text == text],
            message=f"never heard {text!r}; but {self.heard}; told {self.told}",
        )
        return found[0]

    def tells(self, part: str) -> str:
        """Wait for a sentence that was told."""
        found = poll(
            lambda: [text for text in list(self.told) if part in text],
            message=f"never told {part!r}; but {self.told}",
        )
        return found[0]

    def _on_heard(self, said: Heard) -> None:
        self.heard.append(said)
        self._hear(said)

    def _on_flushed(self) -> None:
        self.flushed += 1
