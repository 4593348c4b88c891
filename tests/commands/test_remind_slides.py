"""Flash slides on Google Drive (and in a folder), linked in Slack: once, or nothing of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab, poll
from tests.servers.drive import Drive, File
from tests.servers.faults import Fault
from tests.servers.http import Seen
from tests.servers.slack import Posted, Slack

FOLDER = "1folder"
EVERYBODY = {"ann@lab.example", "bob@lab.example", "eve@lab.example"}


@pytest.fixture
def template(drive: Drive) -> File:
    """The presentation that copies are made of, in another folder than theirs."""
    return drive.add("Template", parents=["1templates"])


def make(lab: Lab, slack: Slack, drive: Drive, template: File) -> None:
    """A lab with one rule, on the eve of a meeting."""
    rule = {
        "kind": "flash-slides",
        "template": template.id,
        "drive": True,
        "folder": FOLDER,
        "text": "Slides: {{ slides }}",
    }
    example.make(lab, slack, drive, remind={"rules": {"flash": rule}}, slack={"timeout": "2s"})


def copies(drive: Drive, template: File) -> list[File]:
    return [file for file in drive.files.values() if file.copy_of == template.id]


def posts(slack: Slack) -> list[Posted]:
    return [message for message in slack.messages("#general") if "Slides:" in message.text]


def alerts(slack: Slack) -> list[str]:
    return [message.attachments[0]["fallback"] for message in slack.messages("@ann")]


def is_post(seen: Seen) -> bool:
    """The link's post, not an alert's."""
    return seen.name == "chat.postMessage" and "Slides:" in str(seen.args.get("text"))


def assert_done(slack: Slack, drive: Drive, template: File) -> None:
    """One copy that everybody may write to, in its folder, and one post of its link."""
    [copy] = copies(drive, template)
    assert copy.name == "Flash slides 2026-11-23"
    assert copy.parents == [FOLDER]
    assert {p["emailAddress"] for p in copy.permissions} == EVERYBODY
    assert {p["role"] for p in copy.permissions} == {"writer"}
    [post] = posts(slack)
    assert copy.id in post.text


def test_copied_shared_and_posted_once(
    lab: Lab, slack: Slack, drive: Drive, template: File
) -> None:
    make(lab, slack, drive, template)
    first = lab.run("remind", "--at", example.DAY)
    assert (first.status, first.err) == (0, "")
    assert_done(slack, drive, template)
    assert [seen.query.get("sendNotificationEmail") for seen in drive.calls("permissions")] == [
        "false"
    ] * 3
    asked = len(drive.requests)
    again = lab.run("remind", "--at", example.DAY)
    assert (again.status, again.out) == (0, "remind: nothing to do\n")
    assert len(drive.requests) == asked
    assert_done(slack, drive, template)


def test_a_dry_run_makes_nothing(lab: Lab, slack: Slack, drive: Drive, template: File) -> None:
    make(lab, slack, drive, template)
    done = lab.run("remind", "--at", example.DAY, "--dry-run")
    assert (done.status, drive.requests, posts(slack)) == (0, [], [])
    assert "Slides: Flash slides 2026-11-23" in done.out


Fail = tuple[str, str | Callable[[Seen], bool], Fault]
FAILURES: dict[str, Fail] = {
    "no token": ("drive", "/oauth2/token$", Fault.status(503)),
    "copy refused": ("drive", "/copy$", Fault.status(403)),
    "copy down": ("drive", "/copy$", Fault.status(503)),
    "copy dropped": ("drive", "/copy$", Fault.drop()),
    "copy's answer lost": ("drive", "/copy$", Fault.html(status=502, committed=True)),
    "share refused": ("drive", "/permissions$", Fault.status(403)),
    "share down": ("drive", "/permissions$", Fault.status(500)),
    "share's answer lost": ("drive", "/permissions$", Fault.drop(committed=True)),
    "post refused": ("slack", is_post, Fault.slack("channel_not_found")),
    "post too soon": ("slack", is_post, Fault.status(429, retry_after=3600)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_leaves_nothing_and_is_told_at_once(
    lab: Lab, slack: Slack, drive: Drive, template: File, name: str
) -> None:
    server, match, fault = FAILURES[name]
    make(lab, slack, drive, template)
    target: Any = drive if server == "drive" else slack.proxy
    down = target.inject(fault, times=None, match=match)
    done = lab.run("remind", "--at", example.DAY)
    if name == "copy's answer lost":  # found by its key, as if nothing had happened
        assert done.status == 0
        assert_done(slack, drive, template)
        return
    assert done.status == 1, done.err
    assert down.used > 0
    assert (copies(drive, template), posts(slack)) == ([], [])
    [alert] = alerts(slack)
    assert "the presentation 'Flash slides 2026-11-23' was not made" in alert
    assert lab.run("outbox", "--json", "--state", "waiting").json() == []
    down.left = 0
    assert lab.run("remind", "--at", example.DAY).status == 0
    assert_done(slack, drive, template)
    assert "works again" in alerts(slack)[1]


def test_a_copy_that_cannot_be_removed_is_named(
    lab: Lab, slack: Slack, drive: Drive, template: File
) -> None:
    make(lab, slack, drive, template)
    down = drive.inject(Fault.status(403), times=None, match=r"/permissions$")
    stuck = drive.inject(Fault.status(403), times=None, match=lambda seen: seen.method == "DELETE")
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 1
    [left] = copies(drive, template)
    assert f"{left.id}/edit could not be removed" in alerts(slack)[0]
    down.left = stuck.left = 0
    lab.run("remind", "--at", example.DAY)
    assert_done(slack, drive, template)


@pytest.mark.parametrize(
    ("server", "match", "fault"),
    [
        ("drive", "/copy$", Fault.hang()),
        ("drive", "/copy$", Fault.hang(committed=True)),
        ("drive", "/permissions$", Fault.hang()),
        ("drive", "/permissions$", Fault.hang(committed=True)),
        ("slack", is_post, Fault.hang()),
        ("slack", is_post, Fault.hang(committed=True)),
    ],
    ids=["copying", "copied", "sharing", "shared", "posting", "posted"],
)
def test_killed_on_the_way(
    lab: Lab,
    slack: Slack,
    drive: Drive,
    template: File,
    server: str,
    match: str | Callable[[Seen], bool],
    fault: Fault,
) -> None:
    """`kill -9` while one call is under way: in the end one copy and one post."""
    make(lab, slack, drive, template)
    target: Any = drive if server == "drive" else slack.proxy
    hanging = target.inject(fault, times=1, match=match)
    process = lab.start("remind", "--at", example.DAY)
    poll(lambda: hanging.used, 30)
    if fault.committed:
        poll(lambda: copies(drive, template), 30)
        poll(lambda: server != "slack" or posts(slack), 30)
    process.kill()
    process.wait()
    target.release()
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 0, done.err
    assert_done(slack, drive, template)


@pytest.mark.parametrize(
    "fault", [Fault.drop(committed=True), Fault.html(status=502, committed=True)]
)
def test_a_post_whose_answer_is_lost_keeps_its_copy(
    lab: Lab, slack: Slack, drive: Drive, template: File, fault: Fault
) -> None:
    make(lab, slack, drive, template)
    slack.proxy.inject(fault, times=1, match=is_post)
    assert lab.run("remind", "--at", example.DAY).status == 0
    assert_done(slack, drive, template)
    lab.run("remind", "--at", example.DAY)
    assert_done(slack, drive, template)


def test_a_post_that_nobody_knows_of_keeps_its_copy_and_is_told_at_once(
    lab: Lab, slack: Slack, drive: Drive, template: File
) -> None:
    """A 5xx says nothing of whether Slack took the message: the next run asks."""
    make(lab, slack, drive, template)
    down = slack.proxy.inject(Fault.status(503), times=None, match=is_post)
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 1, done.err
    [copy] = copies(drive, template)
    [alert] = alerts(slack)
    assert f"whether the link {drive.files[copy.id].reply()['webViewLink']} was posted" in alert
    down.left = 0
    assert lab.run("remind", "--at", example.DAY).status == 0
    assert_done(slack, drive, template)
    assert "works again" in alerts(slack)[1]


def test_slides_that_somebody_made_by_hand_stay(lab: Lab, slack: Slack) -> None:
    """In a folder: what failed is removed, and never what replaced it."""
    rule = {"kind": "flash-slides", "template": "template.md", "folder": "slides"}
    remind = {"channel": "#nowhere", "rules": {"flash": rule}}
    example.make(lab, slack, remind=remind)
    (lab.folder / "template.md").write_text("a template")
    by_hand = lab.folder / "slides" / "Flash slides 2026-11-23.md"
    assert lab.run("remind", "--at", example.DAY).status == 1
    assert not by_hand.exists()
    by_hand.write_text("hours of work")
    assert lab.run("remind", "--at", example.DAY).status == 1
    assert by_hand.read_text() == "hours of work"
    assert [p.name for p in by_hand.parent.glob("[!.]*")] == [by_hand.name]
