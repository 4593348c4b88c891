"""An HTTP server on loopback that records every request and fails on demand."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.servers.faults import Exchange, Fault
from tests.servers.loop import Loop

LARGEST = 100 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Seen:
    """A request that arrived. `body` is decoded (form, JSON, else bytes), `at` is Unix
    seconds, `fault` the name of the fault it met and `status` what was answered (0 where
    nothing was)."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float = field(default_factory=time.time)
    fault: str = ""
    status: int = 0

    @property
    def name(self) -> str:
        """The last part of the path: the method's name, for Slack."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def args(self) -> dict[str, Any]:
        """The arguments wherever they stood: the query, and the form or JSON object."""
        return {**self.query, **(self.body if isinstance(self.body, dict) else {})}


Match = str | Callable[[Seen], bool] | None


@dataclass(slots=True)
class Injection:
    """A fault that waits for requests: `left` is how many it still meets (None: all)."""

    fault: Fault
    left: int | None
    match: Match
    used: int = 0

    def takes(self, seen: Seen) -> bool:
        """Whether this request meets the fault; counts it if so."""
        if self.left is not None and self.used >= self.left:
            return False
        if callable(self.match):
            hit = self.match(seen)
        else:
            hit = self.match is None or re.search(self.match, seen.path) is not None
        self.used += hit
        return hit


class HttpServer:
    """Serves `handler` on a free loopback port, in a thread, from `start` to `stop`."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._seen: list[Seen] = []
        self._faults: list[Injection] = []
        self._guard = threading.Lock()
        self._released = asyncio.Event()
        self._loop: Loop | None = None
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Seen]:
        """Everything that arrived since the last `reset`, in order."""
        with self._guard:
            return list(self._seen)

    def calls(self, name: str) -> list[Seen]:
        """The requests whose path ends in `/name`."""
        return [seen for seen in self.requests if seen.name == name]

    def inject(self, fault: Fault, *, times: int | None = 1, match: Match = None) -> Injection:
        """Let the next `times` requests (None: all) that match meet `fault`.

        `match` is a regular expression searched in the path, or a function of the request.
        Earlier injections are asked first.
        """
        injection = Injection(fault, times, match)
        with self._guard:
            self._faults.append(injection)
        return injection

    def clear(self) -> None:
        """Forget the faults, and nothing else."""
        with self._guard:
            self._faults.clear()

    def release(self) -> None:
        """Close the connections of all requests that hang now."""
        if self._loop is not None:
            self._loop.call(self._release())

    async def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    def reset(self) -> None:
        """Forget requests and faults; end what hangs."""
        self.release()
        with self._guard:
            self._seen.clear()
            self._faults.clear()

    def start(self) -> Self:
        """Listen; returns once connections are accepted."""
        self._loop = Loop()
        self._loop.call(self._listen())
        return self

    def stop(self) -> None:
        """Stop listening and close every connection, hanging ones included."""
        if self._loop is None:
            return
        self.release()
        self._loop.call(self._close())
        self._loop.stop()
        self._loop = None

    async def _listen(self) -> None:
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(
            request.method,
            request.path,
            dict(request.query),
            dict(request.headers),
            decoded(request.content_type, await request.read()),
        )
        with self._guard:
            self._seen.append(seen)
            fault = next((i.fault for i in self._faults if i.takes(seen)), None)
        if fault is None:
            response = await self.handler(request)
        else:
            seen.fault = fault.name
            if fault.committed:
                await self.handler(request)
            exchange = Exchange(request, lambda: self.handler(request), self._released)
            response = await fault.act(exchange)
        transport = request.transport
        seen.status = 0 if transport is None or transport.is_closing() else response.status
        return response


def decoded(content_type: str, raw: bytes) -> Any:
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    if content_type == "application/json":
        try:
            return json.loads(raw)
        except ValueError:
            return raw
    return raw
