"""Fetching pages, with a limit on everything."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from labtool.core.errors import Failed, Temporary
from labtool.services import http
from tests.servers.faults import Fault
from tests.servers.web import Web


def test_a_page(web: Web) -> None:
    page = http.get(web.put("/a.csv", "name\n", content_type="Text/CSV"), 5)
    assert (page.body, page.content_type) == (b"name\n", "text/csv")


def test_redirects_are_followed_within_the_web(web: Web) -> None:
    url = web.put("/a.csv", "name\n")
    web.inject(Fault.reply("", status=302, headers={"Location": "/a.csv"}))
    assert http.get(url, 5).body == b"name\n"


def test_messages_never_show_what_may_be_secret(web: Web) -> None:
    url = web.put("/a.csv", "", status=404).replace("//", "//user:password@") + "?key=secret"
    with pytest.raises(Failed) as found:
        http.get(url, 5)
    assert str(found.value).startswith(f"127.0.0.1:{web.port}/a.csv: answered 404")


def test_a_short_wait_that_is_asked_for_is_kept(web: Web) -> None:
    url = web.put("/a.csv", "name\n")
    web.inject(Fault.status(429, retry_after=1))
    started = time.monotonic()
    http.get(url, 5)
    assert time.monotonic() - started >= 1


def test_dripping_headers_end_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
                    connection.send(bytes([byte]))
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        with pytest.raises(Temporary, match="in time"):
            http.get(f"http://127.0.0.1:{server.getsockname()[1]}/", 1.1)
        assert time.monotonic() - started < 3
        thread.join(5)


def test_a_body_that_unpacks_to_too_much(web: Web) -> None:
    import gzip

    url = web.put("/a.csv", "x")
    bomb = gzip.compress(b"0" * 50 * 1024 * 1024)
    web.inject(Fault.reply(bomb, content_type="text/csv", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Failed, match="larger than 20 MB"):
        http.get(url, 5)
