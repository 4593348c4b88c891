"""What can go wrong between a program and a vendor, as objects that a test injects.

A fault happens before the server hears of the request or, with `committed=True`, after it
has done the work: then only the answer is lost.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way: `forward` lets the server answer it (once), and `released`
    is set when hanging requests are to end."""

    request: web.Request
    forward: Callable[[], Awaitable[web.StreamResponse]]
    released: asyncio.Event


Act = Callable[[Exchange], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail. `committed` says that the server does its work first."""

    name: str
    act: Act
    committed: bool = False

    @classmethod
    def reply(
        cls,
        body: str | bytes,
        *,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        committed: bool = False,
        name: str = "",
    ) -> Self:
        """Any canned answer."""
        raw = body.encode() if isinstance(body, str) else body

        async def act(exchange: Exchange) -> web.StreamResponse:
            return web.Response(body=raw, status=status, content_type=content_type, headers=headers)

        return cls(name or f"reply {status}", act, committed)

    @classmethod
    def json(cls, value: Any, *, status: int = 200, committed: bool = False) -> Self:
        """A canned JSON answer."""
        return cls.reply(json.dumps(value), status=status, committed=committed)

    @classmethod
    def slack(cls, error: str, *, committed: bool = False) -> Self:
        """Slack's way of refusing: 200 with `ok: false`, such as `token_revoked`."""
        body = json.dumps({"ok": False, "error": error})
        return cls.reply(body, committed=committed, name=error)

    @classmethod
    def status(
        cls, status: int, *, retry_after: int | None = None, committed: bool = False
    ) -> Self:
        """An HTTP error, 429 with `Retry-After` (seconds) or a 5xx."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = json.dumps({"ok": False, "error": "ratelimited" if status == 429 else "fatal_error"})
        return cls.reply(body, status=status, headers=headers, committed=committed)

    @classmethod
    def malformed(cls, *, committed: bool = False) -> Self:
        """JSON that ends in its middle, with the right length."""
        return cls.reply('{"ok": true, "chan', committed=committed, name="malformed")

    @classmethod
    def html(cls, *, status: int = 200, committed: bool = False) -> Self:
        """A web page where JSON was due, as gateways and login walls answer."""
        page = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
        return cls.reply(
            page, status=status, content_type="text/html", committed=committed, name="html"
        )

    @classmethod
    def delay(cls, seconds: float) -> Self:
        """The right answer, late."""

        async def act(exchange: Exchange) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return await exchange.forward()

        return cls(f"delay {seconds}", act)

    @classmethod
    def hang(cls, *, committed: bool = False) -> Self:
        """No answer until the server's `release` or its end; then the connection closes."""

        async def act(exchange: Exchange) -> web.StreamResponse:
            await exchange.released.wait()
            return _close(exchange.request)

        return cls("hang", act, committed)

    @classmethod
    def drop(cls, *, committed: bool = False) -> Self:
        """The connection closes in place of an answer."""

        async def act(exchange: Exchange) -> web.StreamResponse:
            return _close(exchange.request)

        return cls("drop", act, committed)

    @classmethod
    def reset(cls, *, committed: bool = False) -> Self:
        """The connection is reset (TCP RST) in place of an answer."""

        async def act(exchange: Exchange) -> web.StreamResponse:
            transport = exchange.request.transport
            if transport is not None:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()
            return web.Response()

        return cls("reset", act, committed)

    @classmethod
    def truncated(cls) -> Self:
        """Half of the right answer under its full Content-Length, then the end."""

        async def act(exchange: Exchange) -> web.StreamResponse:
            whole = await exchange.forward()
            body = whole.body if isinstance(whole, web.Response) else b""
            raw = body if isinstance(body, bytes) else b""
            response = web.StreamResponse(status=whole.status)
            response.content_type = whole.content_type
            response.content_length = len(raw) or 1
            await response.prepare(exchange.request)
            await response.write(raw[: len(raw) // 2])
            _close(exchange.request)
            return response

        return cls("truncated", act)


def _close(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()  # goes nowhere: the connection is closed
