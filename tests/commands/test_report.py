"""`labtool report`."""

import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labtool.core.clock import iso
from labtool.core.log import run_log
from labtool.core.logs import packed
from tests.lab import Lab, Result
from tests.servers.smtp import Smtp
from tests.servers.web import Web

CONFIG: dict[str, Any] = {
    "lab": {"name": "Example Lab", "admins": ["Ann Lee"]},
    "people": {"list": [{"name": "Ann Lee", "email": "ann@lab.example"},
                        {"name": "Bob Stone", "email": "bob@lab.example"}]},
    "timers": {"often": {"run": "status", "when": "every 5m"}},
    "doctor": {"ntp": []},
}  # fmt: skip


@pytest.fixture
def apt(lab: Lab) -> Path:
    """An apt-get that knows of no updates, before the machine's own."""
    program = lab.home / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "Reading package lists..."\n')
    program.chmod(0o755)
    return program


def report(lab: Lab, apt: Path, *arguments: str) -> Result:
    path = f"{apt.parent}:{lab.environment()['PATH']}"
    return lab.run("report", *arguments, env={"PATH": path})


def ran(lab: Lab, ago: float, seconds: float, status: str = "done", error: str = "") -> None:
    """The timer ran so many days ago."""
    if not lab.state.exists():
        lab.run("digest")
    at = iso(datetime.now(UTC) - timedelta(days=ago))
    with closing(sqlite3.connect(lab.state / "labtool.db")) as database, database:
        database.execute(
            "INSERT INTO runs (task, timer, arguments, started, ended, seconds, status, exit,"
            " counts, error) VALUES ('status', 'often', '[]', ?, ?, ?, ?, 0, '{}', ?)",
            (at, at, seconds, status, error),
        )


def test_a_lab_that_is_well(lab: Lab, apt: Path) -> None:
    lab.configure(CONFIG)
    # Until just now, and without a gap of a day.
    for minutes in range(0, 40, 5):
        ran(lab, minutes / 1440, 1.0)
    done = report(lab, apt)
    assert done.status == 0
    assert done.lines[0].endswith(": all is well"), done.out
    assert "• often: 8 runs, 1.0 s" in done.lines
    assert "SQLite" in done.out
    assert "Updates" not in done.out
    assert "Backups" not in done.out


def test_what_needs_somebody_stands_in_the_first_line(lab: Lab, apt: Path) -> None:
    sets = {"docs": {"paths": ["docs"], "to": ["nas"]}}
    backup = {"destinations": {"nas": {"kind": "local", "path": "nas"}}, "sets": sets}
    lab.configure({**CONFIG, "backup": backup})
    for days in range(10, 20):
        ran(lab, days, 10.0)
    ran(lab, 2, 100.0)
    ran(lab, 1, 1.0, "failed", "sheet x: is away")
    done = report(lab, apt)
    assert ": 1 task failed, 1 backup to look at, 1 trouble" in done.lines[0], done.out
    assert "• often: 2 runs, 1 failed, 2 min (sheet x: is away)" in done.lines
    assert "• often: 1 run took long, up to 2 min; usually 10.0 s" in done.lines
    assert "• docs was never saved to nas" in done.lines
    document = report(lab, apt, "--json").json()
    assert document["tasks"][0]["failed"] == 1
    assert document["text"].splitlines()[0] == document["subject"] == done.lines[0]


def test_a_look_changes_nothing(lab: Lab, apt: Path) -> None:
    lab.configure(CONFIG)
    assert report(lab, apt).status == 0
    assert report(lab, apt, "--send", "--dry-run").status == 0
    assert not lab.state.exists()


def test_it_is_sent_once_a_week(lab: Lab, apt: Path, smtp: Smtp) -> None:
    lab.configure({**CONFIG, "report": {"to": ["Bob Stone", "it@lab.example"]}}, smtp)
    monday = ("--send", "--at", "2026-11-23T08:00")
    assert report(lab, apt, *monday).out == "report: 2 sent\n"
    assert report(lab, apt, "--send", "--at", "2026-11-29T23:00").out == "report: nothing to do\n"
    assert report(lab, apt, "--send", "--at", "2026-11-30T08:00").out == "report: 2 sent\n"
    assert sorted(mail.recipients[0] for mail in smtp.mails[:2]) == [
        "bob@lab.example",
        "it@lab.example",
    ]
    assert smtp.mails[0].message["Subject"].startswith("Example Lab, week 48: ")


def test_who_is_not_there_is_a_mistake(lab: Lab, apt: Path) -> None:
    lab.configure({**CONFIG, "report": {"to": ["Nobody"]}})
    assert "report.to[0]" in lab.run("check").err
    done = report(lab, apt, "--send")
    assert done.status == 2
    assert "report.to[0]" in done.err


def test_old_logs_are_compressed(lab: Lab, apt: Path) -> None:
    lab.configure(CONFIG)
    lab.run("digest")
    when = time.time() - 8 * 86400
    os.utime(run_log(lab.state, 1), (when, when))
    report(lab, apt, "--send", "--dry-run")
    assert run_log(lab.state, 1).exists()
    assert "1 compressed" in report(lab, apt, "--send").out
    assert packed(run_log(lab.state, 1)).exists()
    assert "digest: nothing to do" in lab.run("log", "show", "1").out


def test_updates_of_the_system(lab: Lab, apt: Path) -> None:
    lab.configure(CONFIG)
    line = "Inst a [1] (2 Debian-Security:12/oldstable-security [amd64])"
    apt.write_text(f'#!/bin/sh\n[ "$LC_ALL" = C ] && echo "{line}"\n')
    assert "• 1 update of the system, 1 for security: " in report(lab, apt).out
    apt.write_text("#!/bin/sh\necho broken >&2; exit 100\n")
    done = report(lab, apt)
    assert done.status == 0
    assert "• apt-get could not say what is new: ended with status 100: broken" in done.lines


def test_updates_in_the_index(lab: Lab, apt: Path, web: Web) -> None:
    lab.configure({**CONFIG, "report": {"index": f"{web.url}/pypi"}})
    for name, version in (("pydantic", "9999.1"), ("rich", "0.1")):
        answer = json.dumps({"info": {"version": version}})
        web.put(f"/pypi/{name}/json", answer, content_type="application/json")
    assert "9999.1" not in report(lab, apt).out
    done = report(lab, apt, "--online")
    assert [line for line in done.lines if "9999.1 is there" in line], done.out
    assert "0.1 is there" not in done.out
    assert not [one for one in web.requests if "/labtool/" in one.path]


@pytest.mark.parametrize("body", ["rubbish", "[]", '{"info": {}}'])
def test_an_index_that_does_not_answer_is_one_line(
    lab: Lab, apt: Path, web: Web, body: str
) -> None:
    lab.configure({**CONFIG, "report": {"index": f"{web.url}/pypi", "online": True}})
    web.put("/pypi/boto3/json", body)
    done = report(lab, apt, "--send")
    assert done.status == 0
    assert done.out.count("the package index could not be asked") == 1
