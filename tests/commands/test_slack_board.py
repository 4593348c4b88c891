"""The event board's commands in Slack: `labtool slack-bot` beside `labtool ptg-bot`."""

from collections.abc import Iterator

import pytest

from tests.commands.slack_lab import ANN, bot, configure, texts
from tests.commands.test_ptg_bot import Event
from tests.lab import Lab, poll
from tests.servers.ircd import Ngircd
from tests.servers.slack_socket import SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")


@pytest.fixture
def slack() -> Iterator[SlackSocket]:
    server = SlackSocket()
    try:
        yield server
    finally:
        server.stop()


def test_the_board_in_slack(lab: Lab, slack: SlackSocket, ngircd: Ngircd) -> None:
    event = Event(lab, ngircd)
    bob = event.person("bob")
    ptg = {**event.ptg, "slack_operators": ["staff"]}
    people = [{**ANN, "irc": "annlee"}]
    configure(lab, slack, people=people, more={"ptg": ptg})

    def say(text: str, user: str, answer: str) -> None:
        number = len(slack.posted)
        slack.say(text, user, ts=f"{number + 1}.5")
        poll(lambda: len(slack.posted) > number, timeout=20)
        assert answer in texts(slack)[number], texts(slack)[number]
        assert slack.posted[number]["thread_ts"] == f"{number + 1}.5"

    try:
        with bot(lab, slack):
            say("board what", "UANN", "the event board does not run now")
            event.start()
            say("board in nova", "UANN", "OK, checked into #nova")
            event.said(bob, "+where annlee", "annlee")
            # A name that somebody gives themselves is no nick of somebody else's.
            say("board in cinder", "UBOB", "checked into #cinder")
            poll(lambda: "bob-fox@slack" in str(event.data()).lower(), timeout=20)
            say("board subscribe hello.*", "UBOB", "hello")
            say("~list", "UBOB", "that takes an operator")
            say("~list", "UANN", "tracks: cinder infra nova swift")
            say("#nova now hello from Slack", "UANN", "now in #nova")
            # Who subscribed in Slack hears of it there.
            poll(lambda: any(one["channel"] == "UBOB" for one in slack.posted), timeout=20)
            poll(lambda: event.data()["now"].get("nova") == "hello from Slack", timeout=20)
            event.said(bob, "+what #nova", "#nova")
            say("~fetchdb http://127.0.0.1/x", "UANN", "say that on IRC")
            # Jobs are asked for as ever, and what is nobody's is nobody's.
            say("x say hello Bob", "UANN", "will start now")
            say("boards", "UANN", "I do not know")
    finally:
        event.close()
