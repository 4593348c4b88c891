"""The stand-in for published files, as requests finds it."""

import time

import pytest
import requests

from tests.servers.faults import Fault
from tests.servers.web import Web


def test_a_page_and_its_etag(web: Web) -> None:
    url = web.put("/people.csv", "Name\nCem Öztürk\n", encoding="latin-1", content_type="text/csv")
    first = requests.get(url, timeout=5)
    assert first.content == b"Name\nCem \xd6zt\xfcrk\n"
    assert first.headers["Content-Type"] == "text/csv"
    known = {"If-None-Match": first.headers["ETag"]}
    assert requests.get(url, headers=known, timeout=5).status_code == 304
    web.put("/people.csv", "Name\n")
    assert requests.get(url, headers=known, timeout=5).text == "Name\n"
    web.remove("/people.csv")
    assert requests.get(url, timeout=5).status_code == 404
    assert len(web.calls("people.csv")) == 4


def test_a_large_page_is_streamed(web: Web) -> None:
    url = web.put("/large.csv", "a,b\n", size=50_000_000)
    with requests.get(url, stream=True, timeout=5) as reply:
        assert "Content-Length" not in reply.headers
        assert sum(len(chunk) for chunk in reply.iter_content(1 << 20)) == 50_000_000
    with requests.get(url, stream=True, timeout=5) as reply:
        next(reply.iter_content(1000))  # and no more


def test_a_slow_drip(web: Web) -> None:
    url = web.put("/slow.csv", "abcdef", drip=0.02)
    start = time.monotonic()
    assert requests.get(url, timeout=5).text == "abcdef"
    assert time.monotonic() - start >= 0.12


def test_faults(web: Web) -> None:
    url = web.put("/a.ics", "BEGIN:VCALENDAR", content_type="text/calendar")
    web.inject(Fault.status(500))
    web.inject(Fault.truncated())
    assert requests.get(url, timeout=5).status_code == 500
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(url, timeout=5)
    assert requests.get(url, timeout=5).text == "BEGIN:VCALENDAR"
