"""`labtool remind` as a process against a mail server, alone and beside Slack: a mail is
never sent twice, never lost in silence, and reaches whom Slack does not."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

DAY = example.DAY
EVERYBODY = ["ann@lab.example", "bob@lab.example", "eve@lab.example"]
RULES = {
    "standup": {
        "kind": "notice",
        "to": [{"person": "Ann Lee"}, {"role": "postdoc"}, {"role": "student"}],
        "when": "daily",
        "text": "Stand-up on {{ today | date }}",
    },
}


def make(lab: Lab, *servers: Any, **sections: Any) -> None:
    """A lab that has the same word for each of three people."""
    example.make(lab, *servers, **({"remind": {"rules": RULES}} | sections))


def reminded(smtp: Smtp) -> list[str]:
    """Who got a reminder, as often as they did."""
    found = [m.recipients[0] for m in smtp.mails if "Stand-up on" in m.text().splitlines()[0]]
    ids = Counter(m.message["Message-ID"] for m in smtp.mails)
    assert len(found) != len(set(found)) or set(ids.values()) <= {1}
    return sorted(found)


def alerts(smtp: Smtp) -> list[str]:
    """What the admin was told by mail."""
    return [m.text() for m in smtp.mails if m.text().startswith("Test Lab: ")]


def one_in(lab: Lab, state: str) -> dict[str, Any]:
    """The only message in this state."""
    [found] = lab.run("outbox", "--state", state, "--json").json()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ("AUTH", "454 4.7.0 try later"),
        ("RCPT", "451 4.3.0 try later"),
        ("DATA", "451 4.3.0 try later"),
        ("DATA", "452 4.3.1 no room"),
        ("RCPT", "drop"),
        ("RCPT", "hang"),
    ],
)
def test_what_passes_is_sent_by_the_next_run(lab: Lab, smtp: Smtp, stage: Any, fault: str) -> None:
    make(lab, smtp, mail={"timeout": "1s"})
    # A client tries two ways to log in.
    smtp.inject(stage, fault, times=2 if stage == "AUTH" else 1)
    first = lab.run("remind", "--at", DAY)
    assert (first.status, len(first.err.splitlines())) == (75, 1)
    assert f"mail server localhost:{smtp.port}" in first.err
    assert "2 sent" in first.out
    assert "1 waiting" in first.out
    assert len(reminded(smtp)) == 2
    assert lab.run("remind", "--at", DAY).status == 0
    assert reminded(smtp) == EVERYBODY
    assert alerts(smtp) == [], "what passes within alerts.tolerate is nobody's business"


def test_a_refused_address_fails_alone(lab: Lab, smtp: Smtp) -> None:
    make(lab, smtp)
    smtp.inject("RCPT", "550 5.1.1 no such user", times=None, match="bob")
    first = lab.run("remind", "--at", DAY)
    assert first.status == 1
    assert "message 2 to bob-stone cannot be sent" in first.err
    assert "550" in first.err
    assert "labtool outbox retry 2" in first.err
    assert reminded(smtp) == ["ann@lab.example", "eve@lab.example"]
    [told] = alerts(smtp)
    assert "labtool outbox retry 2" in told
    again = lab.run("remind", "--at", DAY)
    assert (again.status, again.err) == (0, "")
    assert len(alerts(smtp)) == 1, "nothing works again yet"
    assert one_in(lab, "failed")["id"] == 2


def test_an_admin_sends_it_again(lab: Lab, smtp: Smtp) -> None:
    make(lab, smtp)
    smtp.inject("RCPT", "550 5.1.1 no such user", match="bob")
    lab.run("remind", "--at", DAY)
    done = lab.run("outbox", "retry", "2")
    assert (done.status, done.out) == (0, "message 2 to bob-stone is sent by the next run\n")
    assert lab.run("remind", "--at", DAY).status == 0
    assert reminded(smtp) == EVERYBODY
    assert "remind works again" in alerts(smtp)[-1]


def test_a_refused_login_holds_everything(lab: Lab, smtp: Smtp) -> None:
    make(lab, smtp)
    smtp.inject("AUTH", "535 5.7.8 bad credentials", times=None)
    first = lab.run("remind", "--at", DAY)
    assert first.status == 1
    assert "check mail.user and mail.password" in first.err
    assert "the admins could not be told" in first.err
    assert "correct horse" not in first.err
    assert smtp.mails == []
    smtp.reset()
    assert lab.run("remind", "--at", DAY).status == 0
    assert reminded(smtp) == EVERYBODY
    assert len(alerts(smtp)) == 2, "that it failed, which could not be told, and its end"


def test_a_lost_answer_is_never_answered_with_a_second_mail(lab: Lab, smtp: Smtp) -> None:
    make(lab, smtp)
    smtp.inject("COMMITTED", "drop")
    first = lab.run("remind", "--at", DAY)
    assert first.status == 1
    assert "whether message 1 to ann-lee arrived is not known" in first.err
    assert reminded(smtp) == EVERYBODY
    for _ in range(2):
        again = lab.run("remind", "--at", DAY)
        assert (again.status, again.err) == (0, "")
    assert reminded(smtp) == EVERYBODY
    [told] = alerts(smtp)
    assert "labtool outbox retry 1 (or drop 1)" in told


@pytest.mark.parametrize(("decision", "copies"), [("drop", 1), ("retry", 2)])
def test_an_admin_decides_about_it(lab: Lab, smtp: Smtp, decision: str, copies: int) -> None:
    make(lab, smtp)
    smtp.inject("COMMITTED", "drop")
    lab.run("remind", "--at", DAY)
    said = lab.run("digest", "--at", DAY, "--dry-run")
    assert "May or may not have arrived" in said.out
    assert "1 to ann-lee: Stand-up on" in said.out
    assert lab.run("outbox", decision, "1").status == 0
    lab.run("remind", "--at", DAY)
    assert reminded(smtp).count("ann@lab.example") == copies
    later = lab.run("digest", "--at", DAY, "--dry-run")
    assert "May or may not have arrived" not in later.out


def test_a_server_that_hangs_over_the_message(lab: Lab, smtp: Smtp) -> None:
    """It has the whole message: nobody knows what it will do with it."""
    make(lab, smtp, mail={"timeout": "1s"})
    smtp.inject("DATA", "hang")
    done = lab.run("remind", "--at", DAY, timeout=20)
    assert done.status == 1
    assert one_in(lab, "unknown")["to"] == "ann-lee"
    assert reminded(smtp) == ["bob@lab.example", "eve@lab.example"]


def test_a_server_that_is_not_there(lab: Lab, smtp: Smtp) -> None:
    make(lab, smtp, mail={"port": 1})
    done = lab.run("remind", "--at", DAY)
    assert (done.status, "3 waiting" in done.out) == (75, True)
    make(lab, smtp)
    assert lab.run("remind", "--at", DAY).status == 0
    assert reminded(smtp) == EVERYBODY


def test_alerts_take_the_way_that_works(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    """Slack is down: reminders wait for it, but the admins hear of it by mail."""
    make(lab, slack, smtp, slack={"timeout": "1s"}, alerts={"tolerate": "0s"})
    down = slack.proxy.inject(Fault.status(503), times=None, match="chat.postMessage$")
    done = lab.run("remind", "--at", DAY)
    assert done.status == 75
    assert reminded(smtp) == []
    [told] = alerts(smtp)
    assert "Slack answered 503" in told
    down.left = 0
    assert lab.run("remind", "--at", DAY).status == 0
    assert [len(slack.messages(at)) for at in ("@bob", "@eve")] == [1, 1]


def test_each_in_the_order_of_their_own(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    make(lab, slack, smtp)
    wishes = ["channels", "", "mail; slack", "mail"]
    lab.sheet("people", [[*row, w] for row, w in zip(example.PEOPLE, wishes, strict=True)])
    smtp.inject("RCPT", "550 5.1.1 no such user", times=None, match="bob")
    done = lab.run("remind", "--at", DAY)
    assert (done.status, done.out) == (0, "remind: 3 sent\n")
    assert reminded(smtp) == ["eve@lab.example"]
    assert [len(slack.messages(at)) for at in ("@ann", "@bob", "@eve")] == [1, 1, 0]


DEE = ["Dee Moss", "dee@lab.example", "postdoc", ""]


def test_who_left_slack_has_mail(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    make(lab, slack, smtp)
    lab.sheet("people", [*example.PEOPLE, DEE])
    done = lab.run("remind", "--at", DAY)
    assert (done.status, done.out) == (0, "remind: 4 sent\n")
    assert reminded(smtp) == ["dee@lab.example"]


@pytest.mark.parametrize("known_by", ["email", "slack"])
def test_who_left_slack_and_has_nothing_else(lab: Lab, slack: Slack, known_by: str) -> None:
    make(lab, slack)
    lab.sheet("people", [*example.PEOPLE, DEE])
    if known_by == "slack":
        head, *others = example.PEOPLE
        rows = [[*row, ""] for row in others] + [["Dee Moss", "", "postdoc", "", slack.user("dee")]]
        lab.sheet("people", [[*head, "slack"], *rows])
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert re.search(r"message \d to dee-moss cannot be sent: Slack: Dee Moss has ", done.err)
    assert "3 sent" in done.out
    assert sum("dee-moss" in str(message) for message in slack.messages("@ann")) == 1


def test_a_revoked_token_is_told_though_mail_goes_on(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    make(lab, slack, smtp)
    revoked = slack.proxy.inject(Fault.slack("token_revoked"), times=None)
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert "token_revoked" in done.err
    assert reminded(smtp) == EVERYBODY
    [told] = alerts(smtp)
    assert "token_revoked" in told
    revoked.left = 0
    lab.run("remind", "--at", "2026-11-23T09:00")
    assert len(slack.messages("@bob")) == 1, "and Slack is asked again by the next run"


def test_a_revoked_token_without_mail(lab: Lab, slack: Slack) -> None:
    make(lab, slack)
    revoked = slack.proxy.inject(Fault.slack("token_revoked"), times=None)
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert "3 waiting" in done.out
    assert "the admins could not be told" in done.err
    revoked.left = 0
    assert lab.run("remind", "--at", DAY).status == 0
    assert [len(slack.messages(at)) for at in ("@bob", "@eve")] == [1, 1]
