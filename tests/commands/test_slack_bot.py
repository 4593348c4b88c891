"""`labtool slack-bot` as a process, against a Slack with Socket Mode that breaks."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.slack.hearing import plain, said
from tests.lab import Lab, poll
from tests.servers.slack_socket import APP_TOKEN, BOT, TOKEN, SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")

JOBS: dict[str, Any] = {
    "x": {
        "description": "Things",
        "jobs": {
            "hello_to": {"run_args_template": "echo Hello {name}", "report_stdout": True},
            "fails": "FAILS",
        },
        "slack": [
            {"command": "say hello [name]", "help": "Says hello", "action": "schedule_job",
             "job_type": "hello_to"},
            {"command": "fail", "help": "Fails", "action": "schedule_job", "job_type": "fails"},
        ],
    }
}  # fmt: skip
JOBS["x"]["jobs"]["fails"] = {"run_args_template": "echo oops >&2; exit 3"}


@pytest.fixture
def slack() -> Iterator[SlackSocket]:
    server = SlackSocket()
    try:
        yield server
    finally:
        server.stop()


def configure(
    lab: Lab, slack: SlackSocket, settings: dict[str, Any] | None = None, **namespace: Any
) -> None:
    lab.secrets(BOT_TOKEN=TOKEN, APP_TOKEN=APP_TOKEN)
    lab.configure(
        {
            "slack": {"token": "${BOT_TOKEN}", "app_token": "${APP_TOKEN}",
                      "base_url": slack.url, "pace": "0s"},
            "people": {"list": [{"name": "Ann Lee", "email": "ann@example.org", "role": "staff"}]},
            "jobs": {"x": {**JOBS["x"], **namespace}},
            "jobs_settings": settings or {},
        }
    )  # fmt: skip


@contextmanager
def bot(lab: Lab, slack: SlackSocket) -> Iterator[Any]:
    process = lab.start("slack-bot")
    try:
        poll(lambda: slack.connected or process.poll() is not None, timeout=20)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def texts(slack: SlackSocket) -> list[str]:
    return [one.get("text") or one["attachments"][0]["text"] for one in slack.posted]


def test_a_mention_is_answered_in_its_thread_and_done(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack):
        envelope = slack.say("say hello")
        poll(lambda: envelope in slack.acked)
        poll(lambda: len(slack.posted) == 1, timeout=20)
        assert "Did you mean: x say hello [name]?" in texts(slack)[0]
        slack.say("x say  hello <https://a.example/x|a.example/x>.", ts="77.1", ident="EvX")
        poll(lambda: len(slack.posted) == 2, timeout=20)
        assert slack.posted[1]["thread_ts"] == "77.1"
        assert "will start now" in texts(slack)[1]
        # Redelivered, it is acknowledged and not done again.
        again = slack.say("x say hello Bob", ident="EvX", envelope="again")
        poll(lambda: again in slack.acked)
    assert lab.run("jobs", "work").status == 0
    assert len(slack.posted) == 3
    assert slack.posted[2]["thread_ts"] == "77.1"
    assert "Hello https://a.example/x" in texts(slack)[2]
    assert len(lab.run("jobs", "list", "--json").json()) == 1


def test_what_fails_says_how_to_see_it(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack):
        slack.say("x fail", direct=True)
        poll(lambda: len(slack.posted) == 1, timeout=20)
    lab.run("jobs", "work")
    assert len(slack.posted) == 2
    last = texts(slack)[1]
    assert "failed with exit status 3" in last
    assert "oops" in last
    assert "jobs logs 1" in last
    assert "retry 1" in last


def test_a_long_answer_is_a_file_in_the_thread(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack):
        slack.say(f"x say hello {'long ' * 2000}end", ts="9.9")
        poll(lambda: len(slack.posted) == 1, timeout=20)
    assert lab.run("jobs", "work").status == 0
    [shared] = slack.shared
    assert (shared["thread_ts"], shared["channel_id"]) == ("9.9", "C1")
    assert shared["content"] == f"Hello {'long ' * 2000}end"
    assert "what it printed is in the file" in shared["initial_comment"]
    assert shared["files"][0]["title"] == "x_hello_to-1.txt"


def test_words_that_are_listened_for(lab: Lab, slack: SlackSocket) -> None:
    away = {"away_from": "2020-01-01", "away_to": "2099-01-01", "away_text": "Back in January"}
    listener = {"word": "tech-support", "reaction": "sos", "channel": "CSUP", **away}
    configure(lab, slack, settings={"listeners": [listener], "join": ["#general"]})
    with bot(lab, slack):
        slack.say("can Tech-Support help?", aloud=True, ts="5.5", channel="C7")
        slack.say("no tech-supporters, nor tech-support-2 here", aloud=True)
        slack.say("tech-support", aloud=True, bot_id="B1")
        poll(lambda: len(slack.posted) == 2, timeout=20)
        slack.say("status")
        poll(lambda: len(slack.posted) == 3, timeout=20)
    link, note = sorted(slack.posted[:2], key=lambda one: one["channel"] != "CSUP")
    assert (link["channel"], "https://lab.example/C7/p5.5" in link["text"]) == ("CSUP", True)
    assert (note["thread_ts"], note["text"]) == ("5.5", "Back in January")
    [joined, reaction] = slack.done
    assert joined == ("conversations.join", {"channel": "CGEN"})
    assert reaction[1] == {"channel": "C7", "timestamp": "5.5", "name": "sos"}


def test_guests_and_other_workspaces(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, restricted=True)
    with bot(lab, slack):
        for user in ("UGUEST", "UAWAY", "UNOBODY", "UANN"):
            slack.say("x say hello y", user)
        poll(lambda: len(slack.posted) >= 3, timeout=20)
    said_ = sorted(texts(slack))
    assert sum("is for members only" in one for one in said_) == 2
    assert sum("will start" in one for one in said_) == 1
    assert len(lab.run("jobs", "list", "--json").json()) == 1


def test_it_connects_again_after_every_break(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack) as process:
        for number, politely in enumerate((True, False)):
            slack.cut(politely=politely)
            poll(lambda: slack.connected, timeout=60)
            slack.say("status")
            poll(lambda n=number: len(slack.posted) == n + 1, timeout=20)
        assert process.poll() is None
        health = json.loads((lab.state / "slack-bot.json").read_text())
        assert health["connected"] in (True, False)


def test_what_was_acknowledged_is_done_whatever_is_killed(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    chance = random.Random(3)
    for number in range(6):
        with bot(lab, slack) as process:
            envelope = slack.say(f"x say hello {number}")
            poll(lambda e=envelope: e in slack.acked, timeout=20)
            for _ in range(chance.randrange(4)):
                poll(lambda: True)
            process.kill()
            process.wait(10)
            slack.cut()
    with bot(lab, slack):
        poll(lambda: _answered(lab) == 6, timeout=30)
    # The last one's name is what waits, and no answer came twice.
    [one] = lab.run("jobs", "list", "--json").json()
    assert one["arguments"] == {"name": "5"}
    threads = [one["thread_ts"] for one in slack.posted]
    assert len(threads) == len(set(threads))


def _answered(lab: Lab) -> int:
    with closing(sqlite3.connect(lab.state / "labtool.db")) as database:
        [[number]] = database.execute("SELECT count(*) FROM slack_inbox WHERE done = 1")
    return int(number)


def test_a_token_that_is_refused(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    slack.refuse_app = True
    done = lab.run("slack-bot")
    assert done.status == 1
    assert "refuses the app token (invalid_auth); copy the app-level token" in done.err
    assert APP_TOKEN not in done.err
    lab.configure({"jobs": JOBS})
    done = lab.run("slack-bot")
    assert done.status == 2
    assert "slack: is not set up" in done.err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"<@{BOT}> deploy", "deploy"),
        (f"please <@{BOT}|labbot>  deploy", "please   deploy"),
        ("see <https://a.example/?a=1&amp;b=2|here>", "see https://a.example/?a=1&b=2"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("in <#C1|general> to <@U2|ann>", "in #general to @ann"),
        ("&lt;b&gt; $(x) `y`", "<b> $(x) `y`"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_slack_s_markup(text: str, found: str) -> None:
    assert plain(text, (BOT,)) == found.strip() or plain(text, (BOT,)).split() == found.split()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["event", "type", "text", "user", "ts", "channel", "authorizations"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["event", "event_id", "authorizations"]), ANYTHING))
def test_whatever_comes(payload: Any) -> None:
    said(payload)
