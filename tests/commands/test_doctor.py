"""`labtool doctor`."""

import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from labtool.core.clock import iso
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


def found(lab: Lab, *arguments: str) -> dict[str, tuple[str, str]]:
    document = lab.run("doctor", "--json", *arguments).json()
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


def test_secrets_that_others_may_read_are_closed(lab: Lab, right: TimeServer) -> None:
    lab.secrets(X="a-secret-word")
    (lab.folder / ".env").chmod(0o644)
    lab.configure({"doctor": {"ntp": [right.address]}})
    assert found(lab)["permissions"][0] == "bad"
    assert "would be mended" in lab.run("doctor", "--fix", "--dry-run").out
    assert (lab.folder / ".env").stat().st_mode & 0o777 == 0o644
    lab.run("doctor", "--fix")
    assert (lab.folder / ".env").stat().st_mode & 0o777 == 0o600
    assert found(lab)["permissions"][0] == "ok"


def test_runs_that_nobody_works_at(lab: Lab, right: TimeServer) -> None:
    config: dict[str, Any] = {
        "workflows": {"w": {"steps": [{"name": "a", "run": "true"}]}},
        "doctor": {"ntp": [right.address]},
    }
    lab.configure(config)
    assert found(lab)["workflows"] == ("ok", "no run was started yet")
    lab.run("workflow", "start", "w")
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
