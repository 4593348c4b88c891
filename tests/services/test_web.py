"""A web server that people lean on: who connects and says nothing, or too often."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from labtool.services.doors import Doors, Patience
from labtool.services.web import Listen, Web
from tests.lab import poll

QUICK = Patience(head=0.5, stuck=0.5)


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


@contextmanager
def serving(patience: Patience, found: list[str]) -> Iterator[int]:
    """The port of a server on loopback; `found` is its address, then what ended there."""
    web = Web(Listen("127.0.0.1", 0, "default-src 'none'"), patience)

    async def events(_request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"first\n"
            await web.stopping.wait()
            yield b"last\n"

        return StreamingResponse(body(), media_type="text/event-stream")

    async def much(_request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 100_000
                    await asyncio.sleep(0)
            finally:
                found.append("ended")

        return StreamingResponse(body())

    routes = [Route("/", _hello), Route("/much", much), Route("/events", events)]
    thread = threading.Thread(target=web.run, args=(routes, (), found.append), daemon=True)
    thread.start()
    try:
        url = poll(lambda: found)[0]
        yield int(re.findall(r":(\d+)/", url)[0])
    finally:
        web.stop()
        thread.join(10)


@pytest.fixture
def serving_port() -> Iterator[int]:
    with serving(QUICK, []) as port:
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def closed(sock: socket.socket) -> bool:
    """Reads to the end; False where that does not come."""
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def get(port: int, path: str = "/") -> bytes:
    with connect(port) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while data := sock.recv(65536):
            found += data
        return found


@pytest.mark.parametrize(
    "first",
    [b"", b"GET / HTTP/1.1\r\nHost", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"],
    ids=["nothing", "half a head", "half a head after an answer"],
)
def test_who_sends_no_whole_head_is_sent_away(first: bytes) -> None:
    with serving(QUICK, []) as port, connect(port) as sock:
        started = time.monotonic()
        sock.sendall(first)
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    sock.sendall(b"x" if first else b"")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert closed(sock)
        finally:
            stop.set()
            thread.join()
        assert time.monotonic() - started < 3


def test_a_body_that_never_comes(serving_port: int) -> None:
    with connect(serving_port) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        started = time.monotonic()
        assert closed(sock)
        assert time.monotonic() - started < 3


def test_who_does_not_read_is_sent_away() -> None:
    found: list[str] = []
    with serving(QUICK, found) as port, connect(port) as sock:
        sock.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        poll(lambda: "ended" in found)


def test_a_stream_is_not_idle(serving_port: int) -> None:
    with connect(serving_port) as sock:
        sock.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in sock.recv(65536)
        sock.settimeout(1.5)  # longer than it has patience
        assert not closed(sock)


def test_an_address_has_its_share() -> None:
    doors = Doors(1000, 2)
    assert [doors.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert not doors.enter("::ffff:192.0.2.1")
    assert doors.enter("192.0.2.2")
    assert [doors.enter(f"2001:db8::{n}") for n in range(1, 4)] == [True, True, False]
    assert doors.enter("2001:db8:0:1::1")
    doors.leave("192.0.2.1")
    assert doors.enter("192.0.2.1")
    # A proxy on this machine passes on everybody.
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        assert all(doors.enter(address) for _ in range(10))


def test_all_together_have_a_bound_well_below_that_of_files() -> None:
    doors = Doors(1024, 64)
    assert sum(doors.enter("127.0.0.1") for _ in range(2000)) == doors.most == 512
    assert doors.most + 3 * doors.backlog < 1024
    doors.leave("127.0.0.1")
    assert doors.enter("127.0.0.1")
    assert Doors(10**6, 64).most == 10_000


def test_room_comes_back(serving_port: int) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(serving_port)) for _ in range(50)]
        assert all(closed(sock) for sock in idle)
    assert b"hello" in get(serving_port)
