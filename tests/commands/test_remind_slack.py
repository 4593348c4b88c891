"""`labtool remind` as a process against a Slack stand-in: every message exactly once."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from subprocess import TimeoutExpired

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

COUNT = sum(len(texts) for texts in example.ON_DAY.values())


def keys(slack: Slack) -> Counter[str]:
    """How often each key has arrived."""
    found = [m.metadata["event_payload"]["key"] for m in slack.everything() if m.metadata]
    return Counter(key for key in found if key.startswith("remind:"))


def alerts(slack: Slack) -> list[str]:
    return [m.text for m in slack.messages("@ann") if "labtool" in m.text]


def test_the_day_is_said_where_it_belongs(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    done = lab.run("remind", "--at", example.DAY)
    assert (done.status, done.out, done.err) == (0, f"remind: {COUNT} sent\n", "")
    for place, texts in example.ON_DAY.items():
        found = [m.text for m in slack.messages(place)]
        assert len(found) == len(texts)
        for text in texts:
            assert sum(text in each for each in found) == 1, (place, found)
    mention = f"<@{slack.user('ann')}> and <@{slack.user('eve')}>"
    assert any(mention in m.text for m in slack.messages("#general"))


def test_again_says_nothing(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    lab.run("remind", "--at", example.DAY)
    again = lab.run("remind", "--at", example.DAY)
    assert (again.status, again.out) == (0, "remind: nothing to do\n")
    assert sum(keys(slack).values()) == COUNT


def test_ten_at_once_say_it_once(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda _: lab.run("remind", "--at", example.DAY), range(10)))
    assert {result.status for result in done} == {0}
    said = [r for r in done if "is running already; nothing to do" in r.err]
    assert len(said) + sum("sent" in r.out or "nothing" in r.out for r in done) == 10
    assert set(keys(slack).values()) == {1}
    assert len(keys(slack)) == COUNT


def test_a_dry_run_changes_nothing(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    done = lab.run("remind", "--at", example.DAY, "--dry-run", "--json")
    assert (done.status, len(done.json()["messages"])) == (0, COUNT)
    assert slack.everything() == []
    assert not lab.state.exists()


@pytest.mark.parametrize(
    ("method", "fault", "statuses"),
    [
        ("chat.postMessage", Fault.status(429, retry_after=1), {0}),
        ("chat.postMessage", Fault.status(503), {0}),
        ("chat.postMessage", Fault.status(502, committed=True), {0}),
        ("chat.postMessage", Fault.slack("internal_error"), {0}),
        ("chat.postMessage", Fault.slack("token_revoked"), {1}),
        ("chat.postMessage", Fault.slack("fatal_error", committed=True), {0}),
        ("chat.postMessage", Fault.delay(0.5), {0}),
        ("chat.postMessage", Fault.hang(), {0}),
        ("chat.postMessage", Fault.hang(committed=True), {0}),
        ("chat.postMessage", Fault.drop(), {0}),
        ("chat.postMessage", Fault.drop(committed=True), {0}),
        ("chat.postMessage", Fault.reset(), {0}),
        ("chat.postMessage", Fault.reset(committed=True), {0}),
        ("chat.postMessage", Fault.truncated(), {0}),
        ("chat.postMessage", Fault.malformed(), {0}),
        ("chat.postMessage", Fault.malformed(committed=True), {0}),
        ("chat.postMessage", Fault.html(), {0}),
        ("chat.postMessage", Fault.html(status=502, committed=True), {0}),
        ("conversations.open", Fault.status(503), {0, 75}),
        ("conversations.open", Fault.hang(), {0, 75}),
        ("conversations.open", Fault.drop(), {0, 75}),
        ("conversations.open", Fault.slack("token_revoked"), {1}),
        ("conversations.open", Fault.html(), {0, 75}),
        ("users.lookupByEmail", Fault.status(429, retry_after=1), {0}),
        ("users.lookupByEmail", Fault.malformed(), {0, 75}),
        ("users.lookupByEmail", Fault.truncated(), {0, 75}),
        ("conversations.list", Fault.reset(), {0, 75}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_fault_once(
    lab: Lab, slack: Slack, method: str, fault: Fault, statuses: set[int]
) -> None:
    """Whatever happens to one call, after the next run everything is there exactly once."""
    example.make(lab, slack, slack={"timeout": "1s"})
    slack.proxy.inject(fault, times=1, match=rf"{method}$")
    first = lab.run("remind", "--at", example.DAY)
    assert first.status in statuses, first.err
    slack.proxy.release()
    lab.run("remind", "--at", example.DAY)
    assert keys(slack) == dict.fromkeys(keys(slack), 1)
    assert len(keys(slack)) == COUNT


def test_a_message_waits_as_long_as_slack_asks(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    slack.proxy.inject(Fault.status(429, retry_after=3600), times=1, match=r"chat.postMessage$")
    first = lab.run("remind", "--at", example.DAY)
    assert first.status == 75
    assert len(keys(slack)) == COUNT - 1
    asked = len(slack.proxy.calls("chat.postMessage"))
    assert lab.run("remind", "--at", example.DAY).status == 0
    assert len(slack.proxy.calls("chat.postMessage")) == asked
    [waiting] = lab.run("outbox", "--state", "waiting", "--json").json()
    assert "Slack" in waiting["error"]


def test_slack_down_for_a_day_loses_nothing(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    down = slack.proxy.inject(Fault.status(503), times=None)
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 75
    assert "Slack" in done.err
    down.left = 0
    assert lab.run("remind", "--at", "2026-11-23T09:00").status == 0
    assert set(keys(slack).values()) == {1}
    assert any("Group meeting" in m.text for m in slack.messages("#general"))


def test_other_work_of_the_same_task_waits_its_turn(lab: Lab, slack: Slack) -> None:
    """As cron starts two timers in the same minute."""
    example.make(lab, slack)
    kinds = ["duty", "notice", "announcement"]
    with ThreadPoolExecutor(len(kinds)) as pool:
        done = list(pool.map(lambda kind: lab.run("remind", kind, "--at", example.DAY), kinds))
    assert [(result.status, result.err) for result in done] == [(0, "")] * len(kinds)
    assert sum(keys(slack).values()) == COUNT


def test_the_labs_dry_run_reaches_the_admins_alone(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    down = slack.proxy.inject(Fault.status(503), times=None)
    lab.run("remind", "--at", "2026-11-21T09:00")  # these wait, and are for people
    down.left = 0
    example.make(lab, slack, lab={"dry_run": True})
    done = lab.run("remind", "--at", example.DAY)
    assert done.status == 0, done.err
    assert {m.place for m in slack.everything()} == {slack.messages("@ann")[0].place}
    marked = [m.text for m in slack.messages("@ann") if "would have gone to" in m.text]
    assert len(marked) >= COUNT
    example.make(lab, slack)
    lab.run("remind", "--at", example.DAY)
    assert any("Water the plants" in m.text for m in slack.messages("@eve"))


@pytest.mark.timeout(500)
def test_killed_two_hundred_times(lab: Lab, slack: Slack) -> None:
    """`kill -9` at random instants, 20 days with 10 kills each: each message exactly once."""
    example.make(lab, slack)
    started = time.monotonic()
    lab.run("remind", "--at", "2026-11-01T09:00")
    usual = time.monotonic() - started
    chance = random.Random(1)
    killed = 0
    for day in range(2, 22):
        at = f"2026-11-{day:02}T09:00"
        for _ in range(10):
            process = lab.start("remind", "--at", at)
            try:
                process.wait(chance.uniform(0, 1.1 * usual))
            except TimeoutExpired:
                process.kill()
                killed += 1
            process.communicate()
        assert lab.run("remind", "--at", at).status == 0
    found = keys(slack)
    assert killed > 50
    assert {key: n for key, n in found.items() if n != 1} == {}
    for day in range(1, 22):
        iso = f"2026-11-{day:02}"
        assert sum(iso in key for key in found if ":standup:" in key) == 3
        assert sum(iso in key for key in found if ":plants:" in key) == 1


def test_a_token_of_two_lines_is_told_and_shown_nowhere(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    rules = {"standup": example.RULES["standup"]}
    example.make(lab, slack, smtp, slack={"token": {"file": "token"}}, remind={"rules": rules})
    (lab.folder / "token").write_text("xoxb-SECRET-123\nmade by Ann\n")
    done = lab.run("remind", "--at", example.DAY)
    assert (done.status, slack.everything()) == (2, [])
    assert "slack.token: has more than one line" in done.err
    assert {to for mail in smtp.mails for to in mail.recipients} >= {"ann@lab.example"}
    said = done.out + done.err + "".join(mail.text() for mail in smtp.mails)
    kept = b"".join(file.read_bytes() for file in lab.state.rglob("*") if file.is_file())
    assert "SECRET" not in said
    assert b"SECRET" not in kept
