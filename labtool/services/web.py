"""A web server on this machine: Starlette under uvicorn, with the headers that keep pages
from doing what they should not.
"""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labtool.core.endpoints import Background
from labtool.core.errors import Failed
from labtool.core.log import complain
from labtool.services.doors import Doors, Patience, guarded, open_files, quietly

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_SHORT = 500
_AGAIN = 5.0
_ROUND = 0.5


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. `policy` is the Content-Security-Policy of every answer."""

    host: str
    port: int
    policy: str


class _Headers:
    """Adds the headers to every answer that does not have them."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        csp = f"{policy}; frame-ancestors 'none'".encode()
        self._headers = (*_HEADERS, (b"content-security-policy", csp))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.setdefault("headers", [])
                there = {name.lower() for name, _ in given}
                given += [header for header in self._headers if header[0] not in there]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class Limited:
    """An application that gets no larger body than `most` bytes: 413 for others. Bodies that are
    under way have `together` bytes at most: 503 for what is more. `let_in` looks at the header
    Authorization, in a thread: without its consent no body is read, and the application is asked
    without one, to say what it says to strangers."""

    def __init__(
        self,
        app: ASGIApp,
        most: int,
        together: int = 64 * 1024 * 1024,
        let_in: Callable[[str], bool] | None = None,
    ) -> None:
        self._app, self._most, self._together, self._let_in = app, most, together, let_in
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, as far as it may."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not await self._may(scope):
            await self._app(scope, _whole(b"", receive), send)
        else:
            await self._pass_on(scope, receive, send)

    async def _may(self, scope: Scope) -> bool:
        if self._let_in is None:
            return True
        given = Headers(scope=scope).get("authorization", "")
        return bool(given) and await run_in_threadpool(self._let_in, given)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = bytearray(), True
        try:
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return  # it has gone
                part = message.get("body", b"")
                body += part
                self._held += len(part)
                more = bool(message.get("more_body", False))
                if len(body) > self._most or self._held > self._together:
                    await _refused(len(body) > self._most)(scope, receive, send)
                    return
            await self._app(scope, _whole(bytes(body), receive), send)
        finally:
            self._held -= len(body)


def _refused(too_large: bool) -> Response:
    if too_large:
        return PlainTextResponse("That is too large.\n", 413, {"Connection": "close"})
    headers = {"Connection": "close", "Retry-After": "5"}
    return PlainTextResponse("Too much is under way; ask again later.\n", 503, headers)


def _whole(body: bytes, receive: Receive) -> Receive:
    """A request's body at once, and then its end, whatever else comes."""
    given = False

    async def once() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return once


class Web:
    """A server that is not started yet. `stop` may be called from any thread, and from a
    signal handler."""

    def __init__(self, address: Listen, patience: Patience | None = None) -> None:
        self.stopping = asyncio.Event()
        self._patience = patience or Patience()
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._server: uvicorn.Server | None = None
        self._died: Exception | None = None

    def run(
        self,
        routes: Sequence[BaseRoute],
        background: Sequence[Background],
        ready: Callable[[str], None],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Serve until `stop`, with what goes on in the background, and what this thread does
        `meanwhile`, about twice a second; `ready` gets the address once it is open. Raises
        Failed when the address cannot be had, and what `meanwhile` raises."""
        listener = _listen(self._address)
        doors = Doors(open_files(), self._patience.each)
        server = self._server = uvicorn.Server(
            uvicorn.Config(
                self._app(routes, background),
                # Of h11: the other one has no limit on the size of headers.
                http=guarded(doors, self._patience),
                backlog=doors.backlog,
                log_config=None,
                access_log=False,
                server_header=False,
                # Who is at the other end is nothing that a header may say.
                proxy_headers=False,
                lifespan="on",
                timeout_graceful_shutdown=2,
                h11_max_incomplete_event_size=32 * 1024,
            )
        )
        host, port = listener.getsockname()[:2]
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        thread = threading.Thread(target=self._run, args=(server, listener), name="web")
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_ROUND)  # so that signals are handled meanwhile
                if thread.is_alive() and not server.should_exit:
                    meanwhile()
        except BaseException:
            self.stop()
            thread.join()
            raise
        if self._died is not None:
            raise self._died

    def stop(self) -> None:
        """End the connections, and `run`."""
        if self._server is not None:
            self._server.should_exit = True
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self.stopping.set)

    def _run(self, server: uvicorn.Server, listener: socket.socket) -> None:
        try:
            self._loop.set_exception_handler(quietly(complain))
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(server.serve([listener]))
        except Exception as error:  # noqa: BLE001  (raised again by `run`)
            self._died = error

    def _app(self, routes: Sequence[BaseRoute], background: Sequence[Background]) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            tasks = [asyncio.create_task(_keep_on(work)) for work in background]
            yield
            for task in tasks:
                task.cancel()

        return Starlette(
            routes=list(routes),
            lifespan=lifespan,
            middleware=[
                Middleware(_Headers, policy=self._address.policy),
                Middleware(GZipMiddleware, minimum_size=_SHORT),
            ],
            exception_handlers={404: _not_found},
        )


async def _keep_on(work: Background) -> None:
    """Work that ends, by a bug or a disk that is away, begins again."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  (what is in the background has no caller)
            complain(f"the server's work in the background failed ({type(error).__name__})")
        await asyncio.sleep(_AGAIN)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page here.\n", 404)


def _listen(address: Listen) -> socket.socket:
    where = f"{address.host}:{address.port}"
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, target = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(target)
            listener.listen(256)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        fixes = {
            errno.EADDRINUSE: "another program listens there; set serve.port to another one",
            errno.EACCES: "ports below 1024 are root's; set serve.port to a higher one",
        }
        fix = fixes.get(error.errno or 0, "check serve.host")
        why = error.strerror or os.strerror(error.errno or 0)
        raise Failed(f"cannot listen ({why})", where=where, fix=fix, code="listen") from None
    return listener
