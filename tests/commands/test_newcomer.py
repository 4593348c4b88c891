"""What a newcomer stumbled over."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

DAILY = {"daily": {"kind": "notice", "to": "admins", "when": "daily", "text": "hello there"}}


def test_what_goes_to_the_console_is_read_by_somebody_under_cron_too(lab: Lab) -> None:
    example.make(lab, remind={"rules": DAILY})
    done = lab.run("--quiet", "remind")
    assert done.status == 0
    assert done.out == "To Ann Lee:\n    hello there\n\n"
    assert lab.run("--quiet", "remind").out == ""
    assert "neither slack: nor mail: is set up" in lab.run("check").out


@pytest.mark.parametrize("arguments", [["--preview", "60d"], ["--dry-run"]])
def test_a_reader_who_has_seen_enough_is_no_bug(lab: Lab, arguments: list[str]) -> None:
    example.make(lab)
    program = Path(sys.executable).with_name("labtool")
    with subprocess.Popen(
        [program, "remind", *arguments],
        cwd=lab.folder,
        env=lab.environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "bug" not in process.stderr.read()
    assert process.returncode == 0
    assert not (lab.folder / "state").exists()


def test_numbers_of_messages_are_never_used_again(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, remind={"rules": DAILY})
    lab.run("remind", "--at", "2026-11-24T09:00")
    [first] = lab.run("outbox", "--json").json()
    database = sqlite3.connect(lab.folder / "state" / "labtool.db")
    database.execute("DELETE FROM outbox")
    database.commit()
    lab.run("remind", "--at", "2026-11-25T09:00")
    [second] = lab.run("outbox", "--json").json()
    assert second["id"] > first["id"]


def test_a_channel_that_mail_cannot_reach_is_a_mistake(lab: Lab, smtp: Smtp) -> None:
    example.make(lab, smtp, lab={"admins": ["Ann Lee", "#admins"]})
    done = lab.run("check")
    assert done.status == 2
    why = "reach nobody: only Slack has channels; set up slack:, or name a person"
    rules = {f"remind.rules.{r}" for r in ("standup.to", "birthdays", "announcement")}
    said = [line.removeprefix("labtool: ") for line in done.err.splitlines()]
    assert {line.split(": ")[1] for line in said} == {*rules, "lab.admins.1"}
    for line in said:
        to = "#admins" if "lab.admins" in line else "#general"
        more = "" if "lab.admins" in line else ", or delete the rule"
        assert line.startswith("labtool.yaml:")
        assert line.endswith(f": messages to {to} {why}{more}")


def test_without_a_rule_that_speaks_to_a_channel_mail_is_enough(lab: Lab, smtp: Smtp) -> None:
    example.make(lab, smtp, remind={"rules": DAILY})
    done = lab.run("check")
    assert (done.status, done.err) == (0, "")
    assert "neither slack" not in done.out


@pytest.mark.parametrize("command", ["crontab", "systemd"])
def test_who_installs_timers_hears_where_messages_go(lab: Lab, smtp: Smtp, command: str) -> None:
    timers = {"daily": {"run": "remind", "when": "daily 09:00"}}
    example.make(lab, timers=timers)
    arguments = ("--account", "lab") if command == "systemd" else ()
    quiet = lab.run("timers", command, *arguments)
    assert quiet.status == 0
    assert "note: neither slack: nor mail: is set up" in quiet.err
    assert "StandardOutput=null" not in quiet.out
    example.make(lab, smtp, timers=timers)
    assert lab.run("timers", command, *arguments).err == ""


def test_an_alert_that_has_not_left_has_told_nobody(lab: Lab) -> None:
    rules = {"broken": {"kind": "notice", "to": {"person": "Zed"}, "when": "daily", "text": "x"}}
    example.make(lab, remind={"rules": rules}, slack={"token": "${NOT_SET}"})
    assert lab.run("remind").status != 0

    def heard() -> set[str]:
        return {fault["heard"] for fault in lab.run("alerts", "--json").json()}

    assert heard() == {"waiting"}
    for message in lab.run("outbox", "--json").json():
        lab.run("outbox", "drop", str(message["id"]))
    assert heard() == {"no"}
    assert "  no  " in lab.run("alerts").out


def test_a_run_that_failed_does_not_say_there_was_nothing_to_do(lab: Lab) -> None:
    lab.configure("remind: {rules: {a: {kind: duty, dutty: x, when: daily}}}\n")
    assert "remind: failed; see above" in lab.run("remind").out


def test_small_words(lab: Lab) -> None:
    example.make(lab, remind={"rules": DAILY})
    lab.run("remind")
    assert lab.run("outbox", "--state", "failed").out == "No message is failed.\n"
    done = lab.run("log", "nonsense", "--json")
    assert done.status == 2
    done = lab.run("timers", "crontab", "--machine-zone", "nonsense")
    assert done.status == 2
    assert "is not a time zone" in done.err


def test_log_knows_the_names_that_status_shows(lab: Lab) -> None:
    timers = {"daily": {"run": "remind", "when": "daily 09:00"}}
    example.make(lab, remind={"rules": DAILY}, timers=timers)
    lab.run("remind", "--at", example.DAY)
    lab.run("remind", "daily", "--at", example.DAY)
    lab.run("timers", "run", "daily")

    def ran(*name: str) -> list[int]:
        return [run["id"] for run in lab.run("log", *name, "--json").json()]

    names = [line["name"] for line in lab.run("status", "--json").json()["tasks"]]
    assert names == ["daily", "remind daily"]
    assert (ran("daily"), ran("remind daily"), ran("remind", "daily")) == ([3, 1], [2], [2])
    assert (ran("remind"), ran()) == ([3, 2, 1], [3, 2, 1])


def test_outcomes_are_in_words(lab: Lab) -> None:
    rules = {"far": {"kind": "notice", "to": "admins", "when": "daily", "text": "x"}}
    mail = {"host": "127.0.0.1", "port": 9, "security": "none", "from": "lab@lab.example"}
    example.make(lab, remind={"rules": rules}, mail=mail)
    assert lab.run("remind").status == 75
    assert lab.run("log", "--json").json()[0]["status"] == "temporary"
    for done in (lab.run("log"), lab.run("status"), lab.run("log", "show", "1")):
        assert "unavailable" in done.out
        assert "temporary" not in done.out
    assert "1 message waiting: see labtool outbox" in lab.run("status").out


def test_overdue_since_the_first_that_was_missed(lab: Lab) -> None:
    example.make(lab, timers={"daily": {"run": "remind", "when": "daily 09:00"}})
    lab.run("remind", "--at", "2026-11-20T10:00")
    [line] = lab.run("status", "--at", "2026-11-24T20:00", "--json").json()["tasks"]
    assert line["overdue_since"].startswith("2026-11-21T09:00")
    shown = lab.run("status", "--at", "2026-11-24T20:00").out
    assert "OVERDUE since Sat 21 Nov 09:00" in shown


def test_notes_of_what_is_seldom_meant(lab: Lab) -> None:
    example.make(lab, slack={"token": "${SLACK_BOT_TOKEN}"}, lab={"admins": ["Eve Park"]})
    lab.secrets(SLACK_BOT_TOKEN="hello-there")
    people = [[*row, ""] for row in example.PEOPLE]
    people[0][-1], people[3][-1], people[2][1] = "to", "2021-01-01", "ann@lab.example"
    lab.sheet("people", people)
    said = lab.run("check").out
    assert "slack.token: is no Slack token: a bot's begins with xoxb-" in said
    assert "Eve Park is an admin, and in the lab only until 2021-01-01" in said
    assert "Ann Lee and Bob Stone have the same mail address, ann@lab.example" in said
    assert "hello-there" not in said


def test_what_was_mistyped_is_no_task(lab: Lab) -> None:
    example.make(lab)
    assert lab.run("remind", "nokind").status == 2
    assert "nokind" not in lab.run("status").out
    for command in ("log", "outbox", "alerts", "status"):
        document = lab.run(command, "--json").out
        assert " 00:" not in document
        assert "+00:00" not in document


def test_what_is_taken_back_is_not_to_be_retried(lab: Lab, smtp: Smtp) -> None:
    rule = {"kind": "flash-slides", "template": "slides.md", "folder": "slides"}
    example.make(lab, smtp, remind={"rules": {"flash": rule}})
    (lab.folder / "slides.md").write_text("# Slides\n")
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 1
    [mail] = smtp.mails
    said = done.err + mail.text() + lab.run("alerts").out
    assert "was not made: the link could not be posted: mail has no way to reach #general" in said
    assert "outbox retry" not in said
    [alert] = lab.run("outbox", "--json").json()
    assert (alert["to"], alert["state"]) == ("ann-lee", "sent")
    assert not list((lab.folder / "slides").glob("[!.]*"))


def test_a_renamed_column_of_names_is_one_mistake(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, lab={"admins": ["ann@lab.example"]})
    renamed = [["full name", *example.PEOPLE[0][1:]], *example.PEOPLE[1:]]
    said = "labtool: people:1: there is no column 'name'; rename 'full name' to name"

    lab.sheet("people", renamed)
    done = lab.run("remind", "--at", example.DAY)
    assert (done.status, done.err.splitlines()) == (1, [said])
    assert slack.messages("#general") == []
    done = lab.run("check", "--at", example.DAY)
    assert (done.status, done.err.splitlines()) == (2, [said])

    lab.sheet("people", example.PEOPLE)
    assert lab.run("remind", "--at", "2026-11-21T09:00").status == 0
    lab.sheet("people", renamed)
    for _ in range(2):  # the copy is still the good one
        done = lab.run("remind", "--at", example.DAY)
        [line] = done.err.splitlines()
        assert "there is no column 'name'; the copy of" in line
    [meeting] = [m.text for m in slack.messages("#general") if "Presenting" in m.text]
    assert meeting.count("<@") == 3
