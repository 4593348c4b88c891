"""`status`, `log`, `outbox`: what people see of the state."""

import os
from datetime import UTC, datetime
from pathlib import Path

from tests.commands import example
from tests.lab import Lab


def test_before_anything_ran(lab: Lab) -> None:
    lab.configure("lab: {name: X}")
    assert "Nothing has run yet" in lab.run("status").out
    assert lab.run("log").out == "Nothing has run yet.\n"
    assert lab.run("outbox").out == "The outbox is empty.\n"
    assert lab.run("alerts").out == "No errors are open.\n"
    assert not lab.state.exists()


def test_status_tells_last_next_and_overdue(lab: Lab) -> None:
    example.make(lab, timers={"morning": {"run": "remind", "when": "daily 09:00"}})
    lab.run("remind", "--at", example.DAY)
    soon = lab.run("status", "--json", "--at", "2026-11-22T10:30").json()["tasks"]
    [line] = soon
    assert (line["name"], line["outcome"], line["overdue_since"]) == ("morning", "done", None)
    assert line["next"] == "2026-11-23T09:00:00.000Z"
    late = lab.run("status", "--at", "2026-11-23T10:30")
    assert "OVERDUE since" in late.out
    assert "OVERDUE" not in lab.run("status", "--at", "2026-11-23T09:59").out


def test_a_timer_that_was_just_written_is_not_overdue(lab: Lab) -> None:
    example.make(lab)
    lab.run("remind", "--at", "2026-10-01T10:00")
    example.make(lab, timers={"new": {"run": "digest", "when": "daily 09:00"}})
    written = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
    os.utime(lab.config_file, (written, written))
    for at, since in (
        ("2026-11-23T20:00", None),
        ("2026-11-24T09:30", None),
        ("2026-11-24T11:00", "2026-11-24T09:00:00.000Z"),
        ("2026-11-27T09:30", "2026-11-24T09:00:00.000Z"),
    ):
        found = lab.run("status", "--json", "--at", at).json()["tasks"]
        [line] = [one for one in found if one["name"] == "new"]
        assert line["overdue_since"] == since, at


def test_the_log_keeps_what_a_run_printed(lab: Lab) -> None:
    example.make(lab)
    said = lab.run("remind", "--at", example.DAY)
    [run] = lab.run("log", "remind", "--json").json()
    assert (run["status"], run["counts"]) == ("done", {"sent": 6})
    shown = lab.run("log", "show", "1")
    assert said.out.strip() in shown.out
    assert shown.lines[0] == "run 1: labtool remind"
    assert lab.run("log", "show", "7").err == "labtool: there is no run 7; see: labtool log\n"
    assert lab.run("log", "show").status == 2
    assert "nothing called nope ran; known are: remind" in lab.run("log", "nope").err


def test_the_outbox_shows_each_message(lab: Lab) -> None:
    example.make(lab)
    lab.run("remind", "--at", example.DAY)
    listed = lab.run("outbox", "--json").json()
    assert [m["state"] for m in listed] == ["sent"] * 6
    one = next(m for m in listed if "Water" in m["text"])
    assert (one["to"], one["via"]) == ("eve-park", "console")
    shown = lab.run("outbox", "show", str(one["id"]))
    assert shown.out.endswith("Water the plants\n")
    assert "key: remind:plants:person:eve-park:2026-11-22" in shown.out
    again = lab.run("outbox", "retry", str(one["id"]))
    assert (again.status, again.err) == (
        1,
        f"labtool: message {one['id']} is sent; there is nothing to do\n",
    )
    assert lab.run("outbox", "drop", "99").status == 1


def test_what_is_shown_of_one_thing_is_clean(lab: Lab) -> None:
    """What people wrote moves nobody's cursor and sets nobody's window title."""
    rule = {"kind": "notice", "when": "daily", "to": "#x\x1b]0;y\x07", "text": "a\x1b[31mb"}
    example.make(lab, remind={"rules": {"plants": rule | {"subject": "s\x9bt"}}})
    lab.run("remind", "--at", example.DAY)
    lab.run("remind", "no\x1b[31msuch", "--at", example.DAY)
    for command in (("outbox", "show", "1"), ("log", "show", "1"), ("log", "show", "2")):
        out = lab.run(*command).out
        assert out.replace("\n", "").isprintable(), command
    assert "a[31mb\n" in lab.run("outbox", "show", "1").out


def test_a_killed_run_is_named(lab: Lab, tmp_path: Path) -> None:
    example.make(lab)
    lab.run("remind", "--at", example.DAY)
    import sqlite3

    with sqlite3.connect(lab.state / "labtool.db") as database:
        database.execute("UPDATE runs SET status = 'running', ended = NULL, exit = NULL")
    assert "killed" in lab.run("status").out
    done = lab.run("remind", "--at", example.DAY)
    assert "the last run of remind was killed" in done.err
    assert [r["status"] for r in lab.run("log", "--json").json()] == ["done", "killed"]


def test_tables_fit_a_pipe_and_a_file(lab: Lab) -> None:
    example.make(lab)
    lab.run("remind", "--at", example.DAY)
    for command in (("status",), ("log",), ("outbox",)):
        out = lab.run(*command).out
        assert "\x1b" not in out
        assert all(line == line.rstrip() for line in out.splitlines())
