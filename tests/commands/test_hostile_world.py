"""What an attack on the whole found, held by real processes."""

import base64
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.slack import Slack
from tests.servers.smtp import PASSWORD, USER, Smtp

DAILY = {"daily": {"kind": "notice", "to": "admins", "when": "daily", "text": "x"}}


def everything(folder: Path) -> bytes:
    """All that a lab's state holds."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("said", ["it is {}", "AUTH PLAIN {plain}", "your {base64} is wrong"])
def test_a_server_that_repeats_a_secret(lab: Lab, smtp: Smtp, said: str) -> None:
    secret = PASSWORD
    plain = base64.b64encode(f"\0{USER}\0{secret}".encode()).decode()
    encoded = base64.b64encode(secret.encode()).decode()
    lab.configure(
        {
            "lab": {"admins": ["ann@lab.example"]},
            "remind": {"rules": DAILY},
        },
        smtp,
    )
    answer = said.format(secret, plain=plain, base64=encoded)
    smtp.inject("RCPT", f"550 5.7.1 {answer}", times=None)
    done = lab.run("remind", "--json")
    assert done.status != 0
    shown = done.out + done.err
    for command in ("outbox", "alerts", "log", "status", "digest"):
        more = lab.run(command, "--json")
        shown += more.out + more.err
    for hidden in (secret, plain, encoded):
        assert hidden not in shown
        assert hidden.encode() not in everything(lab.folder / "state")


def test_a_pause_of_years_is_one_of_an_hour(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, remind={"rules": DAILY})
    slack.proxy.inject(
        Fault.status(429, retry_after=99_999_999), times=None, match="chat.postMessage"
    )
    assert lab.run("remind").status == 75
    [waiting] = [m for m in lab.run("outbox", "--json").json() if m["state"] == "waiting"]
    database = sqlite3.connect(lab.folder / "state" / "labtool.db")
    [[pause]] = database.execute("SELECT next_try FROM outbox WHERE id = ?", (waiting["id"],))
    assert pause - time.time() < 3700
    slack.reset()
    # A pause that was noted while the clock was years ahead is none.
    database.execute("UPDATE outbox SET next_try = next_try + 1e9")
    database.commit()
    assert lab.run("remind").status == 0
    assert [m["state"] for m in lab.run("outbox", "--json").json()] == ["sent"]


def test_what_waits_can_be_told_not_to(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, remind={"rules": DAILY})
    slack.proxy.inject(Fault.status(429, retry_after=1800), times=None, match="chat.postMessage")
    lab.run("remind")
    slack.reset()
    assert "1 waiting" in lab.run("remind").out
    assert "is sent by the next run" in lab.run("outbox", "retry", "1").out
    assert "1 sent" in lab.run("remind").out


def test_a_refused_sender_is_mended_without_losing_mail(lab: Lab, smtp: Smtp) -> None:
    lab.configure({"lab": {"admins": ["ann@lab.example"]}, "remind": {"rules": DAILY}}, smtp)
    smtp.inject("MAIL", "550 5.7.1 not this sender", times=None)
    assert lab.run("remind").status == 1
    assert {m["state"] for m in lab.run("outbox", "--json").json()} == {"waiting"}
    smtp.reset()
    assert lab.run("remind").status == 0
    assert {m["state"] for m in lab.run("outbox", "--json").json()} == {"sent"}


def test_a_wish_is_not_said_late(lab: Lab, slack: Slack) -> None:
    rules = {"birthdays": {"kind": "birthdays"}, **DAILY}
    example.make(lab, slack, remind={"rules": rules})
    slack.proxy.inject(Fault.slack("token_revoked"), times=None, match="chat.postMessage")
    lab.run("remind", "--at", "2026-11-23T09:00")
    slack.reset()
    lab.run("remind", "--at", "2026-11-24T09:00")
    late = [m for m in lab.run("outbox", "--json").json() if m["state"] == "dropped"]
    assert late
    assert all("too late: it was of use until 2026-11-23" in m["error"] for m in late)
    assert not any("birthday" in str(message).lower() for message in slack.everything())
    assert f"• {late[0]['id']} to" in lab.run("digest", "--json").json()["digest"]


def test_an_error_whose_snooze_was_ended_is_told_again(lab: Lab, slack: Slack) -> None:
    rules = {"broken": {"kind": "notice", "to": {"person": "Zed"}, "when": "daily", "text": "x"}}
    example.make(lab, slack, remind={"rules": rules})
    lab.run("remind")
    told = len(slack.messages("@ann"))
    assert told == 1
    lab.run("remind")
    assert len(slack.messages("@ann")) == told
    [fault] = lab.run("alerts", "--json").json()
    assert lab.run("alerts", "snooze", fault["id"], "--for", "0").status == 0
    lab.run("remind")
    assert len(slack.messages("@ann")) == told + 1


def test_a_run_in_the_far_future_leaves_the_ledger_in_order(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, alerts={"tolerate": "1s"}, sheets={"away": {"csv": "gone.csv"}},
                 remind={"rules": DAILY})  # fmt: skip
    slack.proxy.inject(Fault.status(503), times=None, match="chat.postMessage")
    lab.run("remind", "--at", "2035-01-01")
    lab.run("remind", "--at", "2026-11-25T09:00")
    [fault] = [f for f in lab.run("alerts", "--json").json() if "503" in f["text"]]
    assert str(fault["first_seen"]).startswith("2026-11-25")


def test_a_digest_of_the_far_future_hides_no_recovery(lab: Lab, slack: Slack) -> None:
    rules = {"broken": {"kind": "notice", "to": {"person": "Zed"}, "when": "daily", "text": "x"}}
    example.make(lab, slack, remind={"rules": rules})
    lab.run("remind")
    assert "Zed" in lab.run("digest", "--at", "2035-01-01", "--json").json()["digest"]
    example.make(lab, slack, remind={"rules": {"broken": DAILY["daily"]}})
    lab.run("remind")
    found = lab.run("digest", "--json").json()["digest"]
    assert "Recovered" in (found or "")


def test_timers_do_not_start_timers(lab: Lab) -> None:
    nested = "timers --config labtool.yaml run --all"
    lab.configure({"timers": {"a": {"run": nested, "when": "daily 09:00"}}})
    done = lab.run("timers", "run", "--all")
    assert done.status == 2
    assert "a timer cannot run timers" in done.err


def test_timers_with_a_state_that_cannot_be_used_tell_the_admins(lab: Lab, slack: Slack) -> None:
    timers = {
        "daily": {"run": "remind", "when": "every 1m"},
        "yearly": {"run": "digest", "when": "0 0 1 1 *"},
    }
    example.make(lab, slack, remind={"rules": DAILY}, timers=timers)
    lab.run("timers", "run", "--due")
    database = sqlite3.connect(lab.folder / "state" / "labtool.db")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    for _ in range(2):
        done = lab.run("timers", "run", "--due")
        assert done.status == 1
        assert "newer labtool" in done.err
        assert "digest" not in done.out + done.err  # it is not due, and nobody knows what is
    assert len(slack.messages("@ann")) == 1
    assert "newer labtool" in str(slack.messages("@ann"))
    assert lab.run("timers", "run", "--due", "--dry-run").status == 1
    assert len(slack.messages("@ann")) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["outbox", "show", "9223372036854775808"], 2, ""),
        (["outbox", "-n", "1" + "0" * 20], 2, ""),
        (["log", "show", "²"], 2, "log show takes the number of a run"),
        (["log", "show", "9" * 5000], 2, "log show takes the number of a run"),
        (["log", "-n", "1" + "0" * 20], 2, ""),
        (["status", "--at", "0001-01-01"], 2, "write a year between 1970 and 9000"),
        (["status", "--at", "9999-12-31"], 2, "write a year between 1970 and 9000"),
        (["timers", "next", "--at", "9999-12-31"], 2, "write a year between"),
        (["--config", "x" * 300, "status"], 2, "there is no config"),
    ],
)
def test_odd_arguments_are_one_message(
    lab: Lab, arguments: list[str], status: int, said: str
) -> None:
    lab.configure("lab: {name: x}\n")
    done = lab.run(*arguments)
    assert done.status == status
    assert said in done.err
    assert "bug" not in done.err


@pytest.mark.parametrize(
    ("config", "status", "said"),
    [
        ({"lab": {"state": "s" * 300}}, 1, "cannot be used"),
        ({"lab": {"state": "a\0b"}}, 2, "has a zero byte in it"),
        ({"slack": {"token": {"file": "x\0"}}}, 2, "has a zero byte in it"),
    ],
)
def test_odd_config_is_one_message(lab: Lab, config: Any, status: int, said: str) -> None:
    lab.configure(json.dumps(config))
    done = lab.run("remind")
    assert done.status == status
    assert said in done.err
    assert "bug" not in done.err


def test_output_to_a_full_disk(lab: Lab) -> None:
    lab.configure("timers: {a: {run: remind, when: daily 09:00}}\n")
    program = Path(sys.executable).with_name("labtool")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program, "status"],
            cwd=lab.folder,
            env=lab.environment({"PYTHONUNBUFFERED": "1"}),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    assert "bug" not in done.stderr
    assert "cannot be written" in done.stderr


def test_a_log_that_cannot_be_opened_does_not_leave_a_run_running(lab: Lab) -> None:
    lab.configure("lab: {name: x}\n")
    (lab.folder / "state" / "logs" / "runs" / "000001.log").mkdir(parents=True)
    assert lab.run("remind").status == 1
    [run] = lab.run("log", "--json").json()
    assert run["status"] == "failed"
    assert lab.run("log", "show", "1").status == 0
