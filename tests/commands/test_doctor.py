"""`labtool doctor`."""

import os
import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from labtool.core.alerts import Ledger
from labtool.core.clock import iso
from labtool.core.credentials import remember
from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.tasks.report.probes.disk import days_left
from tests.lab import Lab


class TimeServer:
    """A server of time that is wrong by some seconds."""

    def __init__(self, wrong: float) -> None:
        self._wrong = wrong
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._link.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                _, who = self._link.recvfrom(64)
            except OSError:
                return
            now = time.time() + self._wrong + 2_208_988_800
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            self._link.sendto(b"\x1c\x02" + 38 * b"\0" + stamp, who)

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def right() -> Iterator[TimeServer]:
    server = TimeServer(0.0)
    try:
        yield server
    finally:
        server.close()


TIMERS = {"often": {"run": "status", "when": "every 5m"}}


def found(
    lab: Lab, *arguments: str, env: dict[str, str] | None = None
) -> dict[str, tuple[str, str]]:
    document = lab.run("doctor", "--json", *arguments, env=env).json()
    return {one["about"]: (one["state"], one["what"]) for one in document["findings"]}


def ran(lab: Lab, *ago: float) -> None:
    """The timer ran so many minutes ago."""
    lab.run("digest")
    with closing(sqlite3.connect(lab.state / "labtool.db")) as database, database:
        for minutes in ago:
            at = iso(datetime.now(UTC) - timedelta(minutes=minutes))
            database.execute(
                "INSERT INTO runs (task, timer, arguments, started, ended, seconds, status, exit,"
                " counts, error) VALUES ('status', 'often', '[]', ?, ?, 0.1, 'done', 0, '{}', '')",
                (at, at),
            )


def test_a_lab_that_is_well(lab: Lab, right: TimeServer) -> None:
    lab.configure({"timers": TIMERS, "doctor": {"ntp": [right.address]}})
    ran(lab, *range(2, 60, 5))
    done = lab.run("doctor")
    assert done.status == 0, done.out
    assert {one[0] for one in found(lab).values()} == {"ok"}


def test_a_pause_of_the_machine_is_seen(lab: Lab, right: TimeServer) -> None:
    lab.configure({"timers": TIMERS, "doctor": {"ntp": [right.address]}})
    ran(lab, *range(2, 60, 5), *range(300, 400, 5))
    state, what = found(lab)["down"]
    assert state == "warn"
    assert "nothing ran from" in what


def test_timers_that_nobody_starts(lab: Lab, right: TimeServer) -> None:
    lab.configure({"timers": TIMERS, "doctor": {"ntp": [right.address]}})
    assert found(lab)["timers"] == ("bad", "none was ever started by the clock")
    assert lab.run("doctor").status == 1
    assert not lab.state.exists()


@pytest.mark.parametrize(("wrong", "state"), [(0.0, "ok"), (-10.0, "warn"), (500.0, "bad")])
def test_a_clock_that_is_wrong(lab: Lab, wrong: float, state: str) -> None:
    server = TimeServer(wrong)
    try:
        lab.configure({"doctor": {"ntp": [server.address]}})
        assert found(lab)["clock"][0] == state
    finally:
        server.close()


def test_no_time_server_is_no_failure(lab: Lab) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        lab.configure({"doctor": {"ntp": [f"127.0.0.1:{silent.getsockname()[1]}"]}})
        assert found(lab)["clock"][0] == "warn"


class WebServer(BaseHTTPRequestHandler):
    """Any web server: it says what time it is."""

    wrong = 0.0

    def do_HEAD(self) -> None:
        self.send_response_only(405)
        self.send_header("Date", formatdate(time.time() + self.wrong, usegmt=True))
        self.end_headers()


@pytest.mark.parametrize(("wrong", "state"), [(0.0, "ok"), (-7200.0, "bad")])
def test_a_web_server_says_what_time_it_is_where_no_time_server_does(
    lab: Lab, wrong: float, state: str
) -> None:
    handler = type("Handler", (WebServer,), {"wrong": wrong})
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/"
        ntp = [f"127.0.0.1:{silent.getsockname()[1]}"]
        lab.configure({"doctor": {"ntp": ntp, "hosts": ["http://127.0.0.1:9/", here]}})
        try:
            clock = found(lab)["clock"]
        finally:
            server.shutdown()
    assert clock[0] == state
    assert here in clock[1]
    assert wrong == 0 or "7200." in clock[1] or "7199." in clock[1]


def systemd(lab: Lab, **values: str) -> dict[str, str]:
    """The environment of a systemctl that knows a unit."""
    known = {"Id": "labtool-workflow-work.service", "LoadState": "loaded", **values}
    lines = "\n".join(f"{name}={value}" for name, value in known.items())
    program = lab.folder / "bin" / "systemctl"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\n\nId=other.service\nEND\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("values", "state", "what"),
    [
        ({"ActiveState": "active", "NRestarts": "0"}, "ok", "workflow-work runs"),
        ({"ActiveState": "active", "NRestarts": "17"}, "warn", "started again 17 times"),
        ({"ActiveState": "failed", "NRestarts": "5"}, "bad", "was given up"),
        ({"ActiveState": "inactive", "NRestarts": "0"}, "bad", "is inactive"),
    ],
)
def test_a_service_of_systemd(
    lab: Lab, right: TimeServer, values: dict[str, str], state: str, what: str
) -> None:
    lab.configure({"doctor": {"ntp": [right.address]}, "engine": {"follow": True}})
    known = found(lab, env=systemd(lab, **values))
    assert known["services"][0] == state
    assert what in known["services"][1]


def test_a_service_that_nobody_started(lab: Lab, right: TimeServer) -> None:
    jobs = {"example": {"description": "x", "jobs": {"a": {"run_args_template": "true"}}}}
    lab.configure({
        "doctor": {"ntp": [right.address]}, "jobs": jobs, "jobs_settings": {"follow": True},
    })  # fmt: skip
    state, what = found(lab, env=systemd(lab, LoadState="not-found"))["services"]
    assert state == "bad"
    assert "jobs-work" in what
    assert "does not run" in what


def test_credentials_that_run_out_and_what_is_open(lab: Lab, right: TimeServer) -> None:
    lab.configure({"doctor": {"ntp": [right.address]}})
    lab.run("digest")
    now = datetime.now(UTC)
    with closing(Database.open(lab.state)) as database:
        remember(database, "the token of cache.github", now + timedelta(days=5))
        error = Failed("AWS refuses the keys", where="AWS\x1b", code="aws_keys")
        Ledger(database, timedelta(0), {}).record("cache", [error], now)
    known = found(lab)
    assert known["credentials"][0] == "warn"
    assert "the token of cache.github runs out on" in known["credentials"][1]
    assert known["trouble"][0] == "bad"
    assert "AWS refuses the keys" in known["trouble"][1]
    assert "\x1b" not in lab.run("doctor").out
    later = (now + timedelta(days=6)).isoformat()
    assert found(lab, "--at", later)["credentials"][0] == "bad"


def test_secrets_that_others_may_read_are_closed(lab: Lab, right: TimeServer) -> None:
    lab.secrets(X="a-secret-word")
    (lab.folder / ".env").chmod(0o644)
    lab.configure({"doctor": {"ntp": [right.address]}})
    assert found(lab)["permissions"][0] == "bad"
    assert "would be mended" in lab.run("doctor", "--fix", "--dry-run").out
    assert (lab.folder / ".env").stat().st_mode & 0o777 == 0o644
    env, advice = lab.folder / ".env", "or labtool doctor --fix"
    assert f"others may read {env}; chmod 600 {env}, {advice}" in lab.run("doctor").out
    done = lab.run("doctor", "--fix")
    assert f"others may read {env}\n" in done.out
    assert "chmod" not in done.out
    assert done.lines[-1] == f"mended: {env} is for this account alone now"
    assert env.stat().st_mode & 0o777 == 0o600
    assert found(lab)["permissions"][0] == "ok"
    for options in ([], ["--dry-run"]):
        assert lab.run("doctor", "--fix", *options).lines[-1] == (
            "there was nothing that --fix can mend"
        )


def test_a_state_into_which_others_may_write(lab: Lab, right: TimeServer) -> None:
    lab.configure({"doctor": {"ntp": [right.address]}})
    lab.run("digest")
    lab.state.chmod(0o777)
    assert found(lab)["permissions"][0] == "bad"
    lab.run("doctor", "--fix")
    assert lab.state.stat().st_mode & 0o777 == 0o755
    assert found(lab)["permissions"][0] == "ok"


def test_runs_that_nobody_works_at(lab: Lab, right: TimeServer) -> None:
    config: dict[str, Any] = {
        "workflows": {"w": {"steps": [{"name": "a", "run": "true"}]}},
        "doctor": {"ntp": [right.address]},
    }
    lab.configure(config)
    assert found(lab)["workflows"] == ("ok", "no run was started yet")
    lab.run("workflow", "start", "w")
    assert found(lab)["workflows"] == ("warn", "runs are open, and no timer works at them")
    lab.configure({**config, "timers": {"work": {"run": "workflow work", "when": "every 1m"}}})
    assert found(lab)["workflows"][0] == "ok"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert found(lab, "--at", later)["workflows"] == ("bad", "nobody works at the runs (1 wait)")
    lab.run("workflow", "work")
    assert found(lab, "--at", later)["workflows"][0] == "ok"


def test_a_damaged_database_is_named(lab: Lab, right: TimeServer) -> None:
    lab.configure({"doctor": {"ntp": [right.address]}})
    lab.run("digest")
    path = lab.state / "labtool.db"
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 4] = b"\xff" * 4096 * 2
    path.write_bytes(content)
    done = lab.run("doctor")
    assert done.status in (1, 2)
    assert "damaged" in done.out + done.err


def test_how_long_the_disk_lasts() -> None:
    today = date(2026, 11, 26)
    assert days_left({}, today, 100) is None
    assert days_left({today: 100}, today, 100) is None
    assert days_left({date(2026, 11, 16): 200}, today, 100) == 10
    assert days_left({date(2026, 11, 16): 100}, today, 100) is None
    assert days_left({date(2026, 1, 1): 1000}, today, 100) is None
