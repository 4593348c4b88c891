"""Every fault, as a client over HTTP meets it."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
import requests

from tests.lab import poll
from tests.servers.faults import Fault
from tests.servers.proxy import Proxy
from tests.servers.web import Web


@pytest.fixture
def proxy(web: Web) -> Iterator[Proxy]:
    web.put("/data.json", '{"ok": true}', content_type="application/json", etag=False)
    proxy = Proxy(web.url).start()
    yield proxy
    proxy.stop()


def get(proxy: Proxy, path: str = "/data.json") -> requests.Response:
    return requests.get(proxy.url + path, timeout=5)


def test_passes_on_what_it_gets_and_records_it(proxy: Proxy, web: Web) -> None:
    reply = requests.post(proxy.url + "/data.json?a=%2F1", data={"b": "ü", "c": ""}, timeout=5)
    assert reply.json() == {"ok": True}
    for server in (proxy, web):
        [seen] = server.requests
        assert (seen.method, seen.path, seen.status) == ("POST", "/data.json", 200)
        assert seen.args == {"a": "/1", "b": "ü", "c": ""}
        assert abs(seen.at - time.time()) < 5
    requests.post(proxy.url + "/data.json", json={"n": [1]}, timeout=5)
    assert proxy.requests[-1].body == {"n": [1]}


def test_a_fault_meets_only_so_many_requests_that_match(proxy: Proxy) -> None:
    twice = proxy.inject(Fault.status(503), times=2, match=r"data")
    only_b = proxy.inject(Fault.status(500), match=lambda seen: seen.query.get("x") == "b")
    assert get(proxy, "/none").status_code == 404
    assert [get(proxy).status_code for _ in range(3)] == [503, 503, 200]
    assert get(proxy, "/data.json?x=a").status_code == 200
    assert get(proxy, "/data.json?x=b").status_code == 500
    assert (twice.used, only_b.used) == (2, 1)
    assert [seen.fault for seen in proxy.requests] == [
        "",
        "reply 503",
        "reply 503",
        "",
        "",
        "reply 500",
    ]


def test_canned_answers(proxy: Proxy) -> None:
    proxy.inject(Fault.status(429, retry_after=7))
    limited = get(proxy)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    proxy.inject(Fault.slack("token_revoked"))
    assert get(proxy).json() == {"ok": False, "error": "token_revoked"}
    proxy.inject(Fault.html(status=502))
    page = get(proxy)
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    proxy.inject(Fault.malformed())
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(proxy).json()


def test_delay(proxy: Proxy) -> None:
    proxy.inject(Fault.delay(0.2))
    start = time.monotonic()
    assert get(proxy).json() == {"ok": True}
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.reset()], ids=lambda fault: fault.name)
def test_a_connection_lost_before_the_server_heard(proxy: Proxy, web: Web, fault: Fault) -> None:
    proxy.inject(fault)
    with pytest.raises(requests.ConnectionError) as lost:
        get(proxy)
    assert ("reset by peer" in str(lost.value)) == (fault.name == "reset")
    assert web.requests == []


@pytest.mark.parametrize(
    "fault",
    [Fault.drop(committed=True), Fault.reset(committed=True)],
    ids=lambda fault: fault.name,
)
def test_a_connection_lost_after_the_server_acted(proxy: Proxy, web: Web, fault: Fault) -> None:
    proxy.inject(fault)
    with pytest.raises(requests.ConnectionError):
        get(proxy)
    assert len(web.requests) == 1
    assert [(seen.fault, seen.status) for seen in proxy.requests] == [(fault.name, 0)]


def test_truncated(proxy: Proxy) -> None:
    proxy.inject(Fault.truncated())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="Incomplete"):
        get(proxy)


def test_hanging_requests_end_when_released_or_at_the_end(proxy: Proxy, web: Web) -> None:
    proxy.inject(Fault.hang(), times=None)
    with pytest.raises(requests.ReadTimeout):
        requests.get(proxy.url + "/data.json", timeout=0.1)
    ended: list[str] = []

    def ask() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get(proxy.url + "/data.json", timeout=30)
        ended.append("closed")

    for finish in (proxy.release, proxy.stop):
        before = len(proxy.requests)
        thread = threading.Thread(target=ask)
        thread.start()
        arrived = partial(lambda count: len(proxy.requests) > count, before)
        poll(arrived, message="the request did not arrive")
        start = time.monotonic()
        finish()
        thread.join(20)
        assert time.monotonic() - start < 10
    assert ended == ["closed", "closed"]
    assert web.requests == []


def test_reset_forgets_requests_and_faults(proxy: Proxy) -> None:
    proxy.inject(Fault.status(500), times=None)
    get(proxy)
    proxy.reset()
    assert proxy.requests == []
    assert get(proxy).status_code == 200
