"""A state folder that cannot be used: one clear message, an admin who hears of it once a
day all the same, and nothing lost or said twice once it is mended."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import example
from tests.lab import Lab, Result, command
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

DAY = example.DAY
COUNT = sum(len(texts) for texts in example.ON_DAY.values())
ON_CONSOLE = f"remind: {COUNT} sent\n"

# Run in a namespace of their own, where anybody may mount; `labtool` stands for "$@".
READ_ONLY = 'mkdir -p state; mount --bind state state; mount -o remount,ro,bind state; exec "$@"'
SMALL = 'mkdir -p state; mount -t tmpfs -o size={size}k t state; "$@"; "$@"; {freed}; "$@"'


def mounted(lab: Lab, script: str, *arguments: str, tmp: Path | None = None) -> Result:
    """Run labtool where `script` has mounted something."""
    program = ["unshare", "-rm", "sh", "-c", script, "sh", *command()]
    env = {"TMPDIR": str(tmp)} if tmp else None
    return lab.run(*arguments, program=program, env=env)


def keys(slack: Slack) -> Counter[str]:
    """How often each key has arrived."""
    return Counter(m.metadata["event_payload"]["key"] for m in slack.everything() if m.metadata)


def is_one_message(done: Result, why: str) -> None:
    assert (done.status, done.out) == (1, "")
    [line] = done.err.splitlines()
    assert line.startswith("labtool: ")
    assert why in line


# ── what it may be ────────────────────────────────────────────────────────────────────


def a_file(lab: Lab) -> None:
    lab.state.write_text("")


def a_loop(lab: Lab) -> None:
    lab.state.symlink_to(lab.state)


def nowhere(lab: Lab) -> None:
    lab.state.symlink_to("/proc/1/nowhere")


def a_folder_as_database(lab: Lab) -> None:
    (lab.state / "labtool.db").mkdir(parents=True)


def a_newer_database(lab: Lab) -> None:
    lab.state.mkdir()
    with sqlite3.connect(lab.state / "labtool.db") as database:
        database.execute("PRAGMA user_version = 99")


def no_database(lab: Lab) -> None:
    lab.state.mkdir()
    (lab.state / "labtool.db").write_bytes(b"This is no database. " * 100)


def a_damaged_database(lab: Lab) -> None:
    assert lab.run("remind", "--at", DAY).status == 0
    file = lab.state / "labtool.db"
    content = file.read_bytes()
    file.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def half_a_database(lab: Lab) -> None:
    assert lab.run("remind", "--at", DAY).status == 0
    file = lab.state / "labtool.db"
    os.truncate(file, file.stat().st_size // 3)


BAD = [
    (a_file, "state"),
    (a_loop, "state"),
    (nowhere, "state"),
    (a_folder_as_database, "labtool.db: cannot be opened"),
    (a_newer_database, "was written by a newer labtool (schema 99; this one knows "),
    (no_database, "is damaged"),
    (a_damaged_database, "is damaged"),
    (half_a_database, "is damaged"),
]


@pytest.mark.parametrize(("spoil", "why"), BAD, ids=lambda v: getattr(v, "__name__", ""))
def test_it_is_one_message(lab: Lab, spoil: Callable[[Lab], None], why: str) -> None:
    example.make(lab)
    spoil(lab)
    before = [path.name for path in lab.state.iterdir()] if lab.state.is_dir() else []
    is_one_message(lab.run("remind", "--at", DAY), why)
    [error] = lab.run("digest", "--json").json()["errors"]
    assert why in error
    done = lab.run("outbox", "retry", "1")
    is_one_message(done, why)
    if before:
        after = {path.name for path in lab.state.iterdir()}
        assert set(before) <= after, "what is damaged is left for who can mend it"


@pytest.mark.parametrize("look", ["status", "log", "outbox", "alerts"])
@pytest.mark.parametrize(
    "spoil", [a_newer_database, no_database, a_damaged_database], ids=lambda v: v.__name__
)
def test_who_only_looks_hears_it_too(lab: Lab, spoil: Callable[[Lab], None], look: str) -> None:
    example.make(lab)
    spoil(lab)
    done = lab.run(look)
    assert done.status == 1
    assert len(done.err.splitlines()) == 1


# ── a folder that cannot be written to ────────────────────────────────────────────────


def test_a_read_only_folder(lab: Lab, require: Callable[[str], None]) -> None:
    require("unshare")
    example.make(lab)
    is_one_message(mounted(lab, READ_ONLY, "remind", "--at", DAY), "cannot be written to")
    assert lab.run("remind", "--at", DAY).out.endswith(ON_CONSOLE)
    is_one_message(mounted(lab, READ_ONLY, "remind", "--at", DAY), "cannot be written to")
    for look in (["status"], ["log"], ["outbox"], ["alerts"], ["remind", "--dry-run"], ["check"]):
        done = mounted(lab, READ_ONLY, *look)
        assert (done.status, done.err) == (0, ""), look


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_of_another_mode(lab: Lab, require: Callable[[str], None], mode: int) -> None:
    require("unshare")
    example.make(lab)
    assert lab.run("remind", "--at", DAY).status == 0
    lab.state.chmod(mode)
    nobody = ["unshare", "--user", "--map-user=54321", *command()]
    for arguments in (["remind", "--at", DAY], ["status"], ["log", "show", "1"], ["digest"]):
        done = lab.run(*arguments, program=nobody)
        if mode == 0 or arguments[0] in ("remind", "digest"):
            assert done.status == 1
            assert "labtool.db" in done.err or "locks" in done.err
            assert len(done.err.splitlines()) == 1
        else:
            assert done.status == 0
    lab.state.chmod(0o755)


# ── a disk without room ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [4, 24, 64, 96, 128, 160, 192, 224, 256, 288])
def test_a_full_disk_loses_nothing(
    lab: Lab, slack: Slack, require: Callable[[str], None], size: int
) -> None:
    """It is full at the start or on the way; after two runs somebody makes room."""
    require("unshare")
    example.make(lab, slack)
    script = SMALL.format(size=size, freed="mount -o remount,size=8m state")
    done = mounted(lab, script, "remind", "--at", DAY)
    assert done.status == 0, done.err
    found = keys(slack)
    said = {key: n for key, n in found.items() if key.startswith("remind:")}
    assert said == dict.fromkeys(said, 1)
    assert len(said) == COUNT
    told = {key: n for key, n in found.items() if key.startswith("state:")}
    if size < 256:
        assert "the disk is full; free some space" in done.err
        assert list(told.values()) == [1], "two runs failed, and the admin was told once"
    assert "bug" not in done.err


def test_a_run_that_fills_the_disk_with_words(lab: Lab, require: Callable[[str], None]) -> None:
    """What is printed is kept as far as there is room; the rest is still printed and done."""
    require("unshare")
    example.make(lab)
    assert lab.run("remind", "--at", "2026-11-21T09:00").status == 0
    fill = 'mkdir -p state/logs; mount -t tmpfs -o size=4k t state/logs; exec "$@"'
    done = mounted(lab, fill, "remind", "--at", DAY)
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith(ON_CONSOLE)


# ── telling of it without it ──────────────────────────────────────────────────────────


def test_slack_is_told_once_a_day(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    a_file(lab)
    for at in (DAY, "2026-11-22T15:00", "2026-11-23T09:00"):
        is_one_message(lab.run("remind", "--at", at), "state")
    told = [m.text for m in slack.messages("@ann")]
    assert len(told) == 2
    assert told[0].startswith("Test Lab: labtool remind cannot run: ")


def test_mail_is_told_once_a_day(lab: Lab, smtp: Smtp, tmp_path: Path) -> None:
    example.make(lab, smtp)
    a_file(lab)
    env = {"TMPDIR": str(tmp_path)}
    for at in (DAY, "2026-11-22T15:00", "2026-11-23T09:00"):
        is_one_message(lab.run("remind", "--at", at, env=env), "state")
    assert [mail.recipients for mail in smtp.mails] == [("ann@lab.example",)] * 2
    assert "labtool remind cannot run" in smtp.mails[0].text()
    [folder] = tmp_path.glob("labtool-*")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_was_not_sent_is_tried_again(lab: Lab, smtp: Smtp, tmp_path: Path) -> None:
    example.make(lab, smtp)
    a_file(lab)
    smtp.inject("RCPT", "451 4.3.0 try later")
    env = {"TMPDIR": str(tmp_path)}
    first = lab.run("remind", "--at", DAY, env=env)
    assert "ann-lee could not be told: mail server" in first.err
    lab.run("remind", "--at", DAY, env=env)
    assert len(smtp.mails) == 1


def test_mail_takes_over_from_slack(lab: Lab, slack: Slack, smtp: Smtp, tmp_path: Path) -> None:
    example.make(lab, slack, smtp)
    lab.secrets(SLACK_BOT_TOKEN="")
    a_file(lab)
    for _ in range(2):
        lab.run("remind", "--at", DAY, env={"TMPDIR": str(tmp_path)})
    assert len(smtp.mails) == 1


@pytest.mark.parametrize("trap", ["file", "link", "open"])
def test_a_folder_of_somebody_else_is_not_used(
    lab: Lab, smtp: Smtp, tmp_path: Path, trap: str
) -> None:
    """Others can write where temporary files are."""
    example.make(lab, smtp)
    a_file(lab)
    folder = tmp_path / f"labtool-{os.getuid()}"
    if trap == "file":
        folder.touch()
    elif trap == "link":
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        folder.symlink_to(elsewhere)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    for _ in range(2):
        assert lab.run("remind", "--at", DAY, env={"TMPDIR": str(tmp_path)}).status == 1
    # Told all the same, once: the mark is in a folder of our own.
    assert len(smtp.mails) == 1
    assert not folder.is_dir() or list(folder.iterdir()) == []
