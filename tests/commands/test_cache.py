"""`labtool cache` as a process: what is kept is never missing, partial or older than it says."""

import json
import sqlite3
from typing import Any

import pytest

from tests.lab import Lab, poll
from tests.servers.faults import Fault
from tests.servers.web import Web

NOON = "2026-11-25T12:00"


def kept(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (lab.folder / "state" / "cache" / f"{name}.json").read_text()
    )
    return found


def weather(web: Web, **more: Any) -> str:
    return web.put("/now.json", json.dumps({"current": {"temp": 7.5, "sky": "grey"}, **more}),
                   content_type="application/json")  # fmt: skip


def test_a_url(lab: Lab, web: Web) -> None:
    source = {"kind": "http-json", "every": "15m", "url": weather(web), "keep": "current",
              "plot": {"temperature": "temp"}}  # fmt: skip
    lab.configure({"cache": {"weather": source}})
    done = lab.run("cache", "--at", NOON)
    assert (done.status, done.out) == (0, "cache: 1 refreshed\n")
    assert kept(lab, "weather") == {
        "name": "weather",
        "kind": "http-json",
        "schema": 1,
        "fetched_at": kept(lab, "weather")["fetched_at"],
        "ok": True,
        "error": "",
        "data": {"temp": 7.5, "sky": "grey"},
    }
    assert kept(lab, "weather")["fetched_at"].startswith("2026-11-25T12:00:0")
    assert lab.run("cache", "--at", "2026-11-25T12:05").out == "cache: nothing to do\n"
    assert len(web.requests) == 1
    assert lab.run("cache", "--at", "2026-11-25T12:05", "--force").out == "cache: 1 refreshed\n"
    assert lab.run("cache", "weather", "--at", "2026-11-25T12:06").status == 0
    assert lab.run("cache", "--every", "15m", "--at", "2026-11-25T12:07").status == 0
    assert lab.run("cache", "--at", "2026-11-25T12:22").status == 0
    database = sqlite3.connect(lab.folder / "state" / "labtool.db")
    rows = database.execute("SELECT source, series, value FROM history").fetchall()
    assert set(rows) == {("weather", "temperature", 7.5)}
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("fault", "status", "why"),
    [
        (Fault.status(503), 75, "answered 503"),
        (Fault.status(401), 1, "answered 401"),
        (Fault.html(), 1, "is not JSON, but text/html"),
        (Fault.malformed(), 1, "is not JSON"),
        (Fault.truncated(), 75, "cannot be reached"),
        (Fault.drop(), 75, "cannot be reached"),
        (Fault.hang(), 75, "in time"),
    ],
)
def test_the_last_good_answer_stays(
    lab: Lab, web: Web, fault: Fault, status: int, why: str
) -> None:
    source = {"kind": "http-json", "every": "15m", "url": weather(web), "timeout": "1s"}
    lab.configure({"cache": {"weather": source}})
    lab.run("cache", "--at", NOON)
    good = kept(lab, "weather")
    web.inject(fault, times=None)
    done = lab.run("cache", "--at", "2026-11-25T13:00")
    web.release()
    assert done.status == status
    bad = kept(lab, "weather")
    assert why in bad["error"]
    assert bad == {**good, "ok": False, "error": bad["error"]}
    shown = lab.run("cache", "list", "--at", "2026-11-25T13:00")
    assert "1 in a row" in shown.out
    assert "1h" in lab.run("cache", "show", "weather", "--at", "2026-11-25T13:01").err
    web.reset()
    weather(web)
    lab.run("cache", "--at", "2026-11-25T14:00")
    assert kept(lab, "weather")["ok"]


def test_an_answer_that_makes_no_sense_stops_no_other(lab: Lab, web: Web) -> None:
    # Python's json reads it, and nobody else could read what came of it.
    odd = web.put("/odd.json", '{"temp": NaN, "deep": ' + "[" * 200 + "]" * 200 + "}",
                  content_type="application/json")  # fmt: skip
    entry = {"kind": "http-json", "every": "15m"}
    lab.configure(
        {"cache": {"odd": {**entry, "url": odd}, "weather": {**entry, "url": weather(web)}}}
    )
    done = lab.run("cache")
    assert done.status in (1, 75)
    assert "odd" in done.err
    assert "Traceback" not in done.err
    assert kept(lab, "weather")["ok"]
    assert (kept(lab, "odd")["ok"], kept(lab, "odd")["data"]) == (False, None)


def test_a_program(lab: Lab) -> None:
    show = [
        "python3",
        "-c",
        "import json,sys; print(json.dumps({'jobs': sys.argv[1:]}))",
        "$(x)",
        "a b",
    ]
    hang = ["sh", "-c", "sleep 600 & sleep 600"]
    lab.configure(
        {
            "cache": {
                "cluster": {"kind": "command", "every": "3m", "run": show, "keep": "jobs"},
                "slow": {"kind": "command", "run": hang, "timeout": "1s"},
                "bad": {"kind": "command", "run": ["sh", "-c", "echo no such thing >&2; exit 3"]},
                "odd": {"kind": "command", "run": ["echo", "hello"]},
                "gone": {"kind": "command", "run": ["no-such-program"]},
            }
        }
    )  # fmt: skip
    done = lab.run("cache", "--json")
    assert done.status == 1
    assert done.json()["counts"] == {"refreshed": 1, "failed": 4}
    assert kept(lab, "cluster")["data"] == ["$(x)", "a b"]
    assert "ended with status 3: no such thing" in kept(lab, "bad")["error"]
    assert "did not print JSON" in kept(lab, "odd")["error"]
    assert "cannot be started" in kept(lab, "gone")["error"]
    assert "gave no answer in 1 s, and was ended" in kept(lab, "slow")["error"]
    assert kept(lab, "slow")["data"] is None
    assert kept(lab, "slow")["fetched_at"] is None


def test_sheets_and_calendars(lab: Lab) -> None:
    lab.sheet("duties", "task,main\nBreakfast,Bob\n")
    (lab.folder / "a.ics").write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nSUMMARY:Seminar\n"
        "DTSTART;VALUE=DATE:20261127\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    lab.configure(
        {
            "sheets": {"duties": {"csv": "sheets/duties.csv"}},
            "cache": {
                "tables": {"kind": "sheets"},
                "dates": {"kind": "calendar", "calendars": {"lab": "a.ics"}},
            },
        }
    )
    assert lab.run("cache", "--at", NOON).status == 0
    assert kept(lab, "tables")["data"]["sheets"] == {
        "duties": [["task", "main"], ["Breakfast", "Bob"]]
    }
    events = kept(lab, "dates")["data"]["events"]
    assert [event["start"] for event in events] == ["2026-11-27", "2026-12-04", "2026-12-11"]
    whole = {"begins": None, "ends": None, "location": ""}
    assert events[0] == {
        "calendar": "lab", "title": "Seminar", "start": "2026-11-27", "end": "2026-11-27", **whole,
    }  # fmt: skip


def test_a_dry_run_asks_nobody(lab: Lab, web: Web) -> None:
    lab.configure({"cache": {"weather": {"kind": "http-json", "url": weather(web)}}})
    assert lab.run("cache", "--dry-run").out == "would ask weather\n"
    assert web.requests == []
    assert not (lab.folder / "state").exists()


def test_killed_at_any_instant_a_file_is_whole(lab: Lab, web: Web) -> None:
    big = {"rows": ["x" * 100] * 20_000}
    lab.configure({"cache": {"big": {"kind": "http-json", "url": weather(web, **big)}}})
    lab.run("cache")
    good = kept(lab, "big")
    for _ in range(5):
        seen = len(web.requests)
        process = lab.start("cache", "--force")
        poll(lambda seen=seen: len(web.requests) > seen)
        process.kill()
        process.wait(10)
        assert kept(lab, "big")["data"] == good["data"]
    assert lab.run("cache", "--force").status == 0


@pytest.mark.parametrize(
    ("cache", "what"),
    [
        ("{a: {kind: nope}}", "cache.a: 'nope' is not a kind"),
        ("{a: {kind: http-jsn}}", "did you mean http-json?"),
        ("{a: {kind: http-json}}", "cache.a.url: is missing"),
        ("{a: {kind: http-json, url: 'file:///etc/passwd'}}", "cache.a.url"),
        ("{a: {kind: http-json, url: 'http://x.example/', keep: 'a['}}", "is no JMESPath"),
        ("{a: {kind: command, run: []}}", "cache.a.run"),
        ("{a: {kind: command, run: [x], evry: 3m}}", "did you mean every?"),
        ("{A: {kind: sheets}}", "'A' is not a name"),
        ("[]", "is not a mapping"),
        ("{history: soon}", "'soon' is not a duration"),
    ],
)
def test_mistakes_are_named_with_their_place(lab: Lab, cache: str, what: str) -> None:
    lab.configure(f"lab: {{name: x}}\ncache: {cache}\n")
    done = lab.run("check")
    assert done.status == 2
    assert what in done.err
    assert "labtool.yaml:2" in done.err


def test_nobody_but_the_lab_reads_the_files(lab: Lab, web: Web) -> None:
    lab.configure({"cache": {"w": {"kind": "http-json", "url": weather(web)}}})
    lab.run("cache")
    assert (lab.folder / "state" / "cache" / "w.json").stat().st_mode & 0o077 == 0


def test_a_secret_header(lab: Lab, web: Web) -> None:
    lab.secrets(API_TOKEN="very-secret-token")
    header = {"Authorization": "${API_TOKEN}"}
    lab.configure({"cache": {"w": {"kind": "http-json", "url": weather(web), "headers": header}}})
    assert lab.run("cache").status == 0
    assert web.requests[0].headers["Authorization"] == "very-secret-token"
    found = b"".join(p.read_bytes() for p in (lab.folder / "state").rglob("*") if p.is_file())
    assert b"very-secret" not in found
