"""Fetching pages, with a limit on everything."""

import socket
import threading
import time
from contextlib import suppress

import pytest
import requests

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
    assert str(found.value).startswith(f"http://127.0.0.1:{web.port}/a.csv: answered 404")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/ical/a%40b.example/private-0123abcd/basic.ics", "/ical/…/…/basic.ics"),
        (
            "https://x.example/spreadsheets/d/e/2PACX-1vQkey0123/pub?output=csv",
            "/spreadsheets/d/e/…/pub",
        ),
        ("https://x.example/2PACX-1vQkey4/pub", "/…/pub"),
        ("https://ann:pw@x.example#secret", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert http.shown(url) == f"https://x.example{shown}"


def test_an_address_of_a_number_is_shown_as_one() -> None:
    assert http.shown("http://[::1]:8080/a") == "http://[::1]:8080/a"
    assert http.shown("http://[::1") == "an address that is none"


@pytest.mark.parametrize(
    "to", ["http://[::1", "file:///etc/passwd", "http://", "http://" + "x" * 70]
)
def test_a_redirect_to_nowhere_is_no_bug(web: Web, to: str) -> None:
    url = web.put("/a.csv", "name\n")
    web.inject(Fault.reply("", status=302, headers={"Location": to}), times=None)
    with pytest.raises((Failed, Temporary)) as found:
        http.get(url, 2)
    assert found.value.where == http.shown(url)


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


def test_redirects_have_one_deadline_together() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def redirect() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        time.sleep(0.4)
                        connection.send(
                            b"HTTP/1.1 302 Found\r\nLocation: /next\r\n"
                            b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                        )

        threading.Thread(target=redirect, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(Temporary, match="in time"):
            http.get(f"http://127.0.0.1:{server.getsockname()[1]}/", 1.2)
        assert time.monotonic() - started < 2
        # Each request of a session has the whole time.
        with requests.Session() as session:
            http.bounded(session, 1.1)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            for _ in range(4):
                assert session.get(url, allow_redirects=False).status_code == 302


def test_a_body_that_unpacks_to_too_much(web: Web) -> None:
    import gzip

    url = web.put("/a.csv", "x")
    bomb = gzip.compress(b"0" * 50 * 1024 * 1024)
    web.inject(Fault.reply(bomb, content_type="text/csv", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Failed, match="larger than 20 MB"):
        http.get(url, 5)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("\u00b2", None), ("", None), ("Wed, 25 Nov 2026", None)]
)
def test_how_long_a_server_asks_to_wait(header: str, seconds: float | None) -> None:
    response = requests.Response()
    response.headers["Retry-After"] = header
    assert http.retry_after(response) == seconds
