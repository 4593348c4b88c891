"""What `~fetchdb` takes, and what it refuses whole."""

import json
import resource
from typing import Any

import pytest

from labtool.core.errors import LabtoolError
from labtool.tasks.ptg import fetch as module
from labtool.tasks.ptg.fetch import fetch
from tests.servers.web import Web
from tests.tasks.ptg.event import document

HERE = ("127.0.0.1",)


def put(web: Web, body: Any, **more: Any) -> str:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return web.put("/db.json", text, content_type="application/json", **more)


def refused(found: dict[str, Any] | LabtoolError) -> str:
    assert isinstance(found, LabtoolError), found
    return str(found)


def test_a_document(web: Web) -> None:
    assert fetch(put(web, document()), HERE) == document()


def test_an_old_one_is_migrated(web: Web) -> None:
    url = put(web, {"motd": {"level": "info", "message": "hi"}, "now": None})
    assert fetch(url, HERE) == {"motd": [{"level": "info", "message": "hi"}]}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "nova",
        3,
        None,
        {},
        {"tracks": "nova"},
        {"tracks": [3]},
        {"tracks": [""]},
        {"slots": []},
        {"slots": {"Monday": {}}},
        {"slots": {"Monday": [{"desc": "no name"}]}},
        {"slots": {"Monday": [{"name": 3}]}},
        {"slots": {"Monday": [{"name": "x", "realtime": 3}]}},
        {"schedule": []},
        {"schedule": {"Aspen": []}},
        {"schedule": {"Aspen": {"MonA1": 3}}},
        {"schedule": {"": {}}},
        {"now": []},
        {"now": {"nova": ["x"]}},
        {"next": {"nova": "x"}},
        {"next": {"nova": [3]}},
        {"location": {"nova": {}}},
        {"urls": {"nova": 3}},
        {"etherpads": []},
        {"colors": {"nova": None}},
        {"links": {"x": []}},
        {"motd": [{"level": "loud", "message": "x"}]},
        {"motd": ["x"]},
        {"voice": "yes"},
        {"voice": 2},
        {"eventid": 3},
        {"last_check_in": []},
        {"last_check_in": {"bob": "x"}},
        {"last_check_in": {"bob": {"in": 3}}},
        {"subscriptions": {"bob": 3}},
        {"delays": {"nova": {"x": "y"}}},
        {"delays": {"nova": {"x": 1_000_000_000_000_000}}},
        {"tracks": ["x"] * 20_001},
        {"now": {"nova": "x" * 5001}},
    ],
)
def test_wrong_shapes(web: Web, wrong: Any) -> None:
    text = json.dumps(wrong)
    said = refused(fetch(put(web, text), HERE))
    assert "127.0.0.1" in said
    assert "Traceback" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<html><body>hi</body></html>", "is not JSON"),
        ("", "is not JSON"),
        ('{"now": {}', "is not JSON"),
        ('{"voice": NaN}', "is not JSON"),
        ('{"eventid": "e", "note": 1e999}', "is too large a number"),
        ("[" * 100_000, "is not JSON"),
        (b"\xff\xfe\x00\x01", "is not JSON"),
        ('{"now": {"nova": "\\ud800"}}', ""),
    ],
)
def test_what_is_no_json(web: Web, body: str | bytes, why: str) -> None:
    found = fetch(put(web, body), HERE)
    if why:
        assert why in refused(found)


def test_the_json_of_an_error_is_not_taken(web: Web) -> None:
    assert "answered 404" in refused(fetch(put(web, document(), status=404), HERE))


def test_a_body_without_end_costs_no_memory(web: Web) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = refused(fetch(put(web, "[1,", size=100_000_000), HERE))
    assert "is larger than 8 MB" in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


def test_a_server_that_never_finishes(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 1.0)
    assert "in time" in refused(fetch(put(web, "{}" + " " * 1000, drip=0.05), HERE))


def test_a_private_address(web: Web) -> None:
    assert "is a private or loopback address" in refused(fetch(put(web, document()), ()))
    assert web.requests == []
