"""Servers that never end: a step's timeout and a cancel reach it all the same."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.commands.test_workflow import config, shown, started
from tests.lab import Lab, poll


class Dripping:
    """Sends what it is to `begin` with, and then a letter every now and then, for ever."""

    def __init__(self) -> None:
        self.begin = b""
        self.asked = threading.Event()
        self.stopped = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._all = [threading.Thread(target=self._serve, daemon=True)]
        self._all[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/x"

    def close(self) -> None:
        self.stopped.set()
        self._server.close()
        for thread in self._all:
            thread.join(10)

    def _serve(self) -> None:
        self._server.settimeout(0.2)
        while not self.stopped.is_set():
            with suppress(OSError):
                thread = threading.Thread(target=self._drip, args=[self._server.accept()[0]])
                self._all.append(thread)
                thread.start()

    def _drip(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(self.begin)
            self.asked.set()
            while not self.stopped.wait(0.3):
                connection.sendall(b"x")


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    server = Dripping()
    yield server
    server.close()


HEAD, BODY = b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"


@pytest.mark.parametrize("begin", [HEAD, BODY], ids=["head", "body"])
def test_it_times_out(lab: Lab, dripping: Dripping, begin: bytes) -> None:
    dripping.begin = begin
    step = {"name": "a", "fetch": {"from": dripping.url, "to": "x"}, "start_to_close": "2s"}
    lab.configure(config([step]))
    ident = started(lab)
    assert lab.run("workflow", "work", timeout=30).status == 1
    run = shown(lab, ident)
    assert (run["state"], "took longer than 2s" in run["why"]) == ("timed_out", True), run
    [attempt] = run["steps"]
    assert attempt["ended"] is not None


@pytest.mark.parametrize("kind", ["fetch", "call"])
def test_it_is_cancelled(lab: Lab, dripping: Dripping, kind: str) -> None:
    dripping.begin = HEAD
    step: dict[str, Any] = {"fetch": {"from": dripping.url, "to": "x"}, "call": dripping.url}
    lab.configure(config([{"name": "a", kind: step[kind]}]))
    ident = started(lab)
    worker = lab.start("workflow", "work")
    assert dripping.asked.wait(30)
    lab.run("workflow", "cancel", ident)
    poll(lambda: shown(lab, ident)["state"] == "cancelled", timeout=20)
    worker.wait(20)
