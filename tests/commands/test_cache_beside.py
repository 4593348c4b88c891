"""Runs of `labtool cache` beside one another, and what one source cannot do to another."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labtool.core.database import Database
from labtool.core.journal import Journal
from labtool.core.lock import held
from tests.lab import Lab, poll

NOON = "2026-11-25T12:00"
# Says that it has begun, and waits until it may end.
SLOW = 'echo x >> began; while [ ! -e go ]; do sleep 0.05; done; echo "[1]"'


def shell(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "command", "run": ["sh", "-c", text], **more}


def file(lab: Lab, name: str) -> Path:
    return lab.state / "cache" / f"{name}.json"


def kept(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file(lab, name).read_text())
    return found


def rows(lab: Lab, sql: str) -> list[Any]:
    database = sqlite3.connect(lab.state / "labtool.db")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_a_slow_source_delays_no_run_beside_it(lab: Lab) -> None:
    fast = shell("echo x >> asked; echo '[2]'", every="3m")
    lab.configure({"cache": {"slow": shell(SLOW), "fast": fast}})
    first = lab.start("cache")
    poll(lambda: (lab.folder / "began").exists() and file(lab, "fast").exists())
    environment = {"LABTOOL_TIMER": "caches"}
    # Nothing is due but what is being asked.
    beside = lab.run("cache", env=environment)
    assert (beside.status, beside.out) == (0, "cache: 1 being asked already\n")
    later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1).isoformat()
    beside = lab.run("cache", "--at", later, env=environment)
    assert (beside.status, beside.out) == (0, "cache: 1 being asked already, 1 refreshed\n")
    assert lab.run("cache", "slow", "--force").out == "cache: 1 being asked already\n"
    assert first.poll() is None
    states = [entry.status for entry in Journal(Database.snapshot(lab.state)).entries("cache")]
    assert states == ["done", "done", "done", "running"]
    assert held(lab.state, "cache")
    (lab.folder / "go").touch()
    assert first.wait(20) == 0
    assert kept(lab, "slow")["data"] == [1]
    assert (lab.folder / "began").read_text() == "x\n"
    assert (lab.folder / "asked").read_text() == "x\nx\n"
    # Once nobody asks it any more, it may be asked again.
    assert lab.run("cache", "slow").out == "cache: 1 refreshed\n"


def test_a_run_that_was_killed_is_buried_by_one_that_is_alone(lab: Lab) -> None:
    lab.configure({"cache": {"slow": shell(SLOW)}})
    first = lab.start("cache")
    poll(lambda: (lab.folder / "began").exists())
    first.kill()
    first.wait(10)
    assert "killed" in lab.run("status").out
    (lab.folder / "go").touch()
    assert "was killed" in lab.run("cache").err
    states = [entry.status for entry in Journal(Database.snapshot(lab.state)).entries("cache")]
    assert states == ["done", "killed"]


def test_a_file_that_cannot_be_written_is_its_sources_failure(lab: Lab) -> None:
    lab.configure({"cache": {name: shell("echo '[1]'") for name in "abc"}})
    (lab.state / "cache" / "b.json" / "x").mkdir(parents=True)
    done = lab.run("cache")
    assert done.status == 1
    assert (kept(lab, "a")["ok"], kept(lab, "c")["ok"]) == (True, True)
    listed = lab.run("cache", "list").out
    assert "1 in a row" in listed
    assert "Is a directory" in listed
    (lab.state / "cache" / "b.json" / "x").rmdir()
    (lab.state / "cache" / "b.json").rmdir()
    assert lab.run("cache", "b").status == 0
    assert "in a row" not in lab.run("cache", "list").out


def test_a_file_says_when_it_began_to_be_asked(lab: Lab) -> None:
    text = """date -u +'"%Y-%m-%dT%H:%M:%S.%NZ"'; sleep 0.7"""
    lab.configure({"cache": {"x": shell(text)}})
    lab.run("cache")
    found = kept(lab, "x")
    assert datetime.fromisoformat(found["fetched_at"]) <= datetime.fromisoformat(
        found["data"][:23] + "Z"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"fetched_at": "yesterday"},
        {"fetched_at": 5},
        {"fetched_at": "2026-11-01T00:00:00"},
        {"fetched_at": "0001-01-01T00:00:00+23:00"},
        {"error": ["x"]},
        {"ok": 1},
        {"schema": True},
        {"kind": None},
        {"data": float("nan")},
        "[" * 100_000,
        "null",
        "[]",
    ],
)
def test_what_is_no_cache_file_is_none(lab: Lab, change: Any) -> None:
    lab.configure({"cache": {"a": shell("echo '[1]'"), "b": shell("exit 3"), "c": shell("echo 1")}})
    good = {"name": "b", "kind": "command", "schema": 1, "fetched_at": None, "ok": True,
            "error": "", "data": [1]}  # fmt: skip
    file(lab, "b").parent.mkdir(parents=True)
    odd = change if isinstance(change, str) else json.dumps({**good, **change})
    file(lab, "b").write_text(odd)
    assert lab.run("cache", "list").status == 0
    assert "null" not in lab.run("cache", "show", "--json").out
    assert lab.run("build-page").status == 0
    assert lab.run("cache").status == 1
    assert (kept(lab, "a")["ok"], kept(lab, "c")["ok"]) == (True, True)
    assert (kept(lab, "b")["ok"], kept(lab, "b")["data"]) == (False, None)


def test_what_another_kind_told_is_forgotten(lab: Lab) -> None:
    plot = {"plot": {"of-a-secret": "[0]"}}
    source = shell("echo '[1]'", **plot)
    lab.configure({"cache": {"x": source}})
    for time in ("2026-11-25T10:00", "2026-11-25T11:00"):
        lab.run("cache", "--at", time)
    beside = lab.state / "cache" / "x.http.db"
    beside.touch()
    lab.run("build-page", "--at", NOON)
    data = Path("data", "x.json")
    assert b"of-a-secret" in (lab.folder / "site-private" / data).read_bytes()
    lab.sheet("duties", "task,main\n")
    public = {"kind": "sheets", "public": True}
    lab.configure({"sheets": {"duties": {"csv": "sheets/duties.csv"}}, "cache": {"x": public}})
    assert lab.run("build-page", "--at", NOON).status == 0
    for site in ("site", "site-private"):
        assert b"of-a-secret" not in (lab.folder / site / data).read_bytes()
    # It is due at once: nothing of this kind was ever asked.
    assert lab.run("cache", "--at", "2026-11-25T11:01").out == "cache: 1 refreshed\n"
    assert rows(lab, "SELECT DISTINCT series FROM history") == [("rows/duties",)]
    assert not beside.exists()


def test_what_was_of_a_source_that_is_no_more_goes(lab: Lab) -> None:
    plot = {"plot": {"n": "[0]"}}
    lab.configure({"cache": {"x": shell("echo '[1]'", **plot), "y": shell("echo 1")}})
    lab.run("cache", "--at", "2026-11-25T10:00")
    beside = lab.state / "cache" / "x.http.db"
    beside.touch()
    lab.configure({"cache": {"y": shell("echo 1")}})
    lab.run("cache", "--at", "2027-06-01")
    assert rows(lab, "SELECT source FROM history") == [("x",)]
    assert file(lab, "x").exists()
    lab.run("cache", "--at", "2028-06-01")
    assert rows(lab, "SELECT source FROM history") == []
    assert sorted(path.name for path in file(lab, "x").parent.iterdir()) == ["y.json"]


def test_numbers_are_thinned_whatever_fails_first(lab: Lab) -> None:
    source = shell("test -e fails && exit 3; echo '[1]'", plot={"n": "[0]"})
    lab.configure({"cache": {"history": "3d", "x": source}})
    for day in range(1, 8):
        (lab.folder / "fails").touch()
        assert lab.run("cache", "--at", f"2026-11-{day:02}T00:00").status == 1
        (lab.folder / "fails").unlink()
        assert lab.run("cache", "--at", f"2026-11-{day:02}T12:00").status == 0
    assert rows(lab, "SELECT count(*) FROM history")[0][0] <= 4


def test_numbers_of_the_future_are_nobodys(lab: Lab) -> None:
    source = shell("echo '[1]'", plot={"n": "[0]"})
    lab.configure({"cache": {"x": source}})
    year = datetime.now(UTC).year
    lab.run("cache", "--at", f"{year + 4}-01-01")
    for minute in (0, 10):
        lab.run("cache", "--force", "--at", f"{year}-01-01T12:{minute:02}")
    lab.run("build-page", "--at", f"{year}-01-01T12:20")
    found = json.loads((lab.folder / "site-private" / "data" / "x.json").read_text())
    limit = datetime(year, 1, 2, tzinfo=UTC).timestamp()
    instants = [at for plot in found for drawn in plot["ranges"].values() for at in drawn[0]]
    assert instants
    assert max(instants) < limit
    newest = rows(lab, "SELECT max(at) FROM history")[0][0]
    assert newest < datetime.now(UTC).timestamp() + 86400


def test_what_a_killed_run_has_left_goes(lab: Lab) -> None:
    lab.configure({"cache": {"x": shell("echo 1"), "xy": shell("echo 1", every="1d")}})
    lab.run("cache")
    left = lab.state / "cache" / ".x.json.abcdef.tmp"
    others = lab.state / "cache" / ".xy.json.abcdef.tmp"
    for path in (left, others):
        path.write_bytes(b"secret")
    lab.run("cache", "x")
    assert (left.exists(), others.exists()) == (False, True)


def test_the_folders_of_what_is_private_are_closed(lab: Lab) -> None:
    lab.configure({"cache": {"x": shell("echo 1")}})
    folders = (lab.state / "cache", lab.folder / "site-private")
    for folder in folders:
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    lab.run("cache")
    lab.run("build-page")
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]


def test_a_file_beside_it_that_cannot_be_used_is_said(lab: Lab) -> None:
    source = {"kind": "github", "users": ["x"], "base_url": "http://127.0.0.1:9"}
    lab.configure({"cache": {"x": source}})
    (lab.state / "cache" / "x.http.db").mkdir(parents=True)
    done = lab.run("cache")
    assert done.status == 1
    assert "x.http.db: cannot be used" in done.err
    assert "bug" not in done.err


def test_what_is_shown(lab: Lab) -> None:
    evil = "\x9b31m\u202e\u2028"
    text = f"printf '%s' '{json.dumps({'a': evil, 'ü': 1})}'"
    lab.configure({"cache": {"x": shell(text), "never": shell("exit 3")}})
    lab.run("cache")
    for arguments in (("x",), ("x", "--json"), ()):
        done = lab.run("cache", "show", *arguments)
        assert done.status == 0
        assert not set("\x9b\u202e\u2028") & set(done.out)
        assert "ü" in done.out
    # What is kept of one is JSON as it stands.
    assert lab.run("cache", "show", "x").json() == {"a": evil, "ü": 1}
    for arguments in (("never",), ("never", "--json"), ("x", "never")):
        done = lab.run("cache", "show", *arguments)
        assert done.status == 1
        assert "never never answered" in done.err
    assert lab.run("cache", "--dry-run").out == "would ask nobody\n"


def test_one_source_that_cannot_be_drawn_costs_its_page_alone(lab: Lab) -> None:
    good = shell("echo '{\"n\": 1}'", public=True)
    odd = {"kind": "github", "users": ["x"]}
    lab.configure({"cache": {"good": good, "odd": odd, "was-public": good}})
    lab.run("cache", "good", "was-public")
    assert lab.run("build-page").status == 0
    assert (lab.folder / "site" / "cache-was-public.html").exists()
    shape = {"name": "odd", "kind": "github", "schema": 1, "ok": True, "error": ""}
    now = datetime.now(UTC).isoformat()
    strange = {"repositories": [5, {"name": [], "weeks": 7, "contributors": "x"}], "left_out": {}}
    file(lab, "odd").write_text(json.dumps({**shape, "fetched_at": now, "data": strange}))
    lab.configure({"cache": {"good": good, "odd": odd, "was-public": {**good, "public": False}}})
    done = lab.run("build-page")
    assert done.status == 0 or "the page of cache.odd: labtool has a bug" in done.err
    assert {path.name for path in (lab.folder / "site").glob("cache-*")} == {"cache-good.html"}
    private = {path.name for path in (lab.folder / "site-private").glob("cache-*")}
    assert private == {"cache-good.html", "cache-odd.html", "cache-was-public.html"}
    assert "cache-was-public" not in (lab.folder / "site" / "cache-good.html").read_text()


def test_the_status_says_what_fails(lab: Lab) -> None:
    lab.configure({"cache": {"x": shell("test -e fails && exit 3; echo 1"), "y": shell("exit 3")}})
    lab.run("cache", "x", "--at", "2026-11-25T09:00")
    (lab.folder / "fails").touch()
    for minute in (0, 30):
        lab.run("cache", "--force", "--at", f"2026-11-25T11:{minute:02}")
    lab.run("cache", "--at", "2026-11-25T11:31")
    said = lab.run("status", "--at", NOON)
    assert "cache: x failed 2 times in a row; its last answer is 2h 59m old" in said.out
    assert "cache: y failed 2 times in a row; it has never answered" in said.out
    assert len(lab.run("status", "--json").json()["caches"]) == 2


def test_the_check_names_sources_that_have_nothing_to_ask_with(lab: Lab) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "talk": {"kind": "slack"},
        "here": {"kind": "slack-presence"},
        "visits": {"kind": "analytics", "properties": {"site": "1"}},
        "cloud": {"kind": "aws", "region": "us-west-1"},
    }
    lab.configure({"cache": {**kinds, "own": shell("echo 1")}})
    done = lab.run("check")
    assert done.status == 0
    assert "cache.talk has no slack:" in done.out
    assert "cache.here has no slack:" in done.out
    assert "cache.visits has no google:" in done.out
    assert "cache.cloud has no key_id: and secret:" in done.out
    assert "cache.own" not in done.out
    with_keys = lab.run("check", env={"AWS_ACCESS_KEY_ID": "x"})
    assert "cache.cloud" not in with_keys.out


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"kind": "command", "run": ["x"], "every": "0m"}, "cache.x.every: is no time at all"),
        ({"kind": "command", "run": ["x"], "timeout": "0"}, "cache.x.timeout: is no time at all"),
        (
            {"kind": "http-json", "url": "example.org/now.json"},
            "'example.org/now.json' is no address; write one that begins with https://",
        ),
    ],
)
def test_mistakes_in_plain_words(lab: Lab, source: dict[str, Any], said: str) -> None:
    lab.configure({"cache": {"x": source}})
    done = lab.run("check")
    assert done.status == 2
    assert said in done.err


def test_what_is_kept_must_be_json(lab: Lab) -> None:
    lab.configure({"cache": {"x": shell("echo '{\"k\": 1}'", keep="&k")}})
    done = lab.run("cache")
    assert done.status == 1
    assert "&k gives no JSON; correct keep:" in done.err
    assert not list((lab.state / "logs").glob("bug-*"))


def test_a_public_page_says_that_it_is_old_and_not_why(lab: Lab) -> None:
    lab.configure({"cache": {"x": shell("echo '{\"n\": 1}'", public=True)}})
    lab.run("cache")
    lab.configure({"cache": {"x": shell("echo secret-host is down >&2; false", public=True)}})
    assert lab.run("cache", "--force").status == 1
    assert lab.run("build-page").status == 0
    public = (lab.folder / "site" / "cache-x.html").read_text()
    private = (lab.folder / "site-private" / "cache-x.html").read_text()
    assert "not fresh" in public
    assert "secret-host" not in public
    assert "secret-host" in private


@pytest.mark.parametrize(
    ("timers", "say"),
    [
        ({}, "nothing asks the sources: no timer runs cache"),
        ({"c": {"run": "cache", "when": "every 1h"}}, "runs each 1h, and fast more often"),
        ({"c": {"run": "cache", "when": "every 3m"}}, ""),
        ({"c": {"run": "cache --every 3m", "when": "every 1h"}}, ""),
        ({"c": {"run": "cache", "when": "daily 09:00"}}, "runs each 1d, and fast, slow more often"),
    ],
)
def test_check_tells_who_asks_too_seldom(lab: Lab, timers: Any, say: str) -> None:
    fast, slow = shell("true", every="3m"), shell("true", every="2h")
    lab.configure({"cache": {"fast": fast, "slow": slow}, "timers": timers})
    done = lab.run("check")
    assert done.status == 0
    told = [
        line
        for line in done.err.splitlines() + done.lines
        if "more often" in line or "asks the" in line
    ]
    assert (say in told[0]) if say else not told
