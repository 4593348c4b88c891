"""`labtool slack-bot` as a process, against a Slack with Socket Mode that breaks."""

import json
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.slack.hearing import after_mention, ident, opened, overheard, pressed, said
from tests.commands.slack_lab import ANN, JOBS, bot, buttons, configure, texts
from tests.lab import Lab, poll
from tests.servers.slack_socket import APP_TOKEN, BOT, OTHER, SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")


@pytest.fixture
def slack() -> Iterator[SlackSocket]:
    server = SlackSocket()
    try:
        yield server
    finally:
        server.stop()


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
        # What else people say is not kept, not even for a moment.
        envelope = slack.say("what I think of the boss", aloud=True, ident="EvAside")
        poll(lambda: envelope in slack.acked)
        slack.say("status")
        poll(lambda: len(slack.posted) == 3, timeout=20)
    with closing(sqlite3.connect(lab.state / "labtool.db")) as database:
        assert database.execute("SELECT 1 FROM slack_inbox WHERE id = 'EvAside'").fetchall() == []
    link, note = sorted(slack.posted[:2], key=lambda one: one["channel"] != "CSUP")
    assert (link["channel"], "https://lab.example/C7/p5.5" in link["text"]) == ("CSUP", True)
    assert (note["thread_ts"], note["text"]) == ("5.5", "Back in January")
    [joined, reaction] = slack.done
    assert joined == ("conversations.join", {"channel": "CGEN"})
    assert reaction[1] == {"channel": "C7", "timestamp": "5.5", "name": "sos"}


def test_guests_and_other_workspaces(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, restricted=True)
    with bot(lab, slack):
        for user in ("UGUEST", "UAWAY", "UNOBODY", "UANN", "UGRID"):
            slack.say("x say hello y", user)
        # By what the event says, as long as the profile is not known.
        slack.say("x say hello z", "UBOB", user_team=OTHER)
        poll(lambda: len(slack.posted) >= 5, timeout=20)
    said_ = sorted(texts(slack))
    assert sum("is for members only" in one for one in said_) == 3
    assert sum("will start" in one for one in said_) == 2
    [job] = lab.run("jobs", "list", "--json").json()
    assert job["arguments"] == {"name": "y"}


def test_a_mail_address_of_elsewhere_makes_nobody_of_the_lab(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, allow=["staff"])
    with bot(lab, slack):
        for user in ("UAWAY", "UFALSE", "UANN"):
            slack.say(f"x say hello {user}", user)
        poll(lambda: len(slack.posted) == 3, timeout=20)
    assert sum("is not for you" in one for one in texts(slack)) == 2
    [job] = lab.run("jobs", "list", "--json").json()
    assert (job["arguments"], job["asked_by"]) == ({"name": "UANN"}, "Ann Lee")


def test_who_is_taken_off_the_list_has_no_rights_any_more(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, allow=["staff"])
    with bot(lab, slack):
        slack.say("x say hello 1")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        configure(lab, slack, people=[{**ANN, "to": "2020-01-01"}], allow=["staff"])

        def refused() -> bool:
            number = len(slack.posted)
            slack.say("x say hello 2")
            poll(lambda: len(slack.posted) > number, timeout=20)
            return "is not for you" in texts(slack)[-1]

        poll(refused, timeout=20)
    # Nor at the terminal.
    said_ = lab.run("jobs", "say", "x say hello 3", "--as", "Ann Lee")
    assert "is not for you" in said_.out


def test_what_a_guest_may_not_use_they_do_not_see(lab: Lab, slack: SlackSocket) -> None:
    del slack
    restricted = {"x": {**JOBS["x"], "restricted": True}, "free": {"description": "For all"}}
    lab.configure({"jobs": restricted})
    assert lab.run("jobs", "say", "x say hello Bob").status == 0
    assert lab.run("jobs", "work").status == 0
    assert lab.run("jobs", "say", "x say hello Ann").status == 0

    def say(text: str) -> str:
        return lab.run("jobs", "say", text, "--as", "A Guest").out

    assert "hello" not in say("status")
    assert say("help").startswith("free help")
    assert "for members only" in say("x help")
    assert "hello" not in say("x say helo")
    # Nor once the namespace has left the config.
    lab.configure({"jobs": {"free": {"description": "For all"}}})
    for words in ("logs 1", "cancel 2", "retry 1"):
        assert "the config names no x any more" in say(words)
    assert "Hello Bob" in lab.run("jobs", "say", "logs 1").out


def test_an_approver_need_not_be_one_who_may_ask(lab: Lab, slack: SlackSocket) -> None:
    hello = {**JOBS["x"]["jobs"]["hello_to"], "confirm": ["staff"]}
    people = [ANN, {"name": "Bob Fox", "email": "bob@example.org", "role": "student"}]
    configure(
        lab, slack, people=people, allow=["Bob Fox"], jobs={**JOBS["x"]["jobs"], "hello_to": hello}
    )
    long = f"staging {'x ' * 60}and production too"
    with bot(lab, slack):
        slack.say(f"x say hello {long}", "UBOB", ts="5.1")
        # The answer, with what to press; and the approver is asked, with all of it to see.
        poll(lambda: len(slack.posted) == 2, timeout=20)
        answer, asked = sorted(slack.posted, key=lambda one: one["channel"])
        assert (answer["channel"], asked["channel"]) == ("C1", "DUANN")
        assert long in asked["text"]
        assert [b["action_id"] for b in buttons(asked)] == ["confirm", "refuse"]
        for number, (user, action, words) in enumerate(
            [("UBOB", "confirm", "can be confirmed by staff"), ("UAWAY", "confirm", "not for you"),
             ("UANN", "confirm", "will start")]
        ):  # fmt: skip
            slack.press(action, "1", user, at=asked["ts"], channel="DUANN", trigger=f"t{number}")
            poll(lambda w=words: w in str(texts(slack)), timeout=20)
            answer = next(one for one in slack.posted if words in one["text"])
            assert answer["thread_ts"] == asked["ts"]
        # Who asked hears of it, and the buttons are gone.
        poll(lambda: "was approved by Ann Lee" in str(texts(slack)), timeout=20)
        told = next(one for one in slack.posted if "was approved" in one["text"])
        assert (told["channel"], told["thread_ts"]) == ("C1", "5.1")
        faded = poll(lambda: slack.updated)[-1][1]
        assert faded["ts"] == asked["ts"]
        assert faded["text"].endswith("approved by Ann Lee")
        # The same press once more does nothing.
        envelope = slack.press("confirm", "1", "UANN", trigger="t2")
        poll(lambda: envelope in slack.acked)
        # And another can be refused by one who is asked.
        slack.say("x say hello again", "UBOB")
        poll(lambda: len([one for one in slack.posted if "again" in one["text"]]) == 2, timeout=20)
        number = buttons(slack.posted[-1])[1]["value"]
        slack.press("refuse", number, "UANN", trigger="r1")
        poll(lambda: "is cancelled" in str(texts(slack)), timeout=20)
        poll(lambda: "was refused by Ann Lee" in str(texts(slack)), timeout=20)
        # An old button ends nothing that runs, or waits to.
        slack.press("refuse", "1", "UBOB", trigger="r2")
        poll(lambda: "1 waits for no yes any more: it is waiting" in str(texts(slack)), timeout=20)
    assert lab.run("jobs", "work").status == 0
    # The report goes to who asked.
    assert (slack.posted[-1]["channel"], slack.posted[-1]["thread_ts"]) == ("C1", "5.1")
    assert "succeeded" in texts(slack)[-1]


def test_what_it_cannot_mark_is_passed_on_and_holds_up_nobody(lab: Lab, slack: SlackSocket) -> None:
    listener = {"word": "tech-support", "channel": "CSUP"}
    configure(lab, slack, settings={"listeners": [listener]})
    slack.refused = {"reactions.add": "missing_scope", "chat.getPermalink": "missing_scope"}
    with bot(lab, slack):
        slack.say("tech-support!", aloud=True, channel="C7")
        slack.say("status", ts="8.1")
        poll(lambda: len(slack.posted) == 2, timeout=20)
        assert "in C7 (a permission is missing)" in slack.posted[0]["text"]
        assert slack.posted[1]["thread_ts"] == "8.1"
        slack.refused = {"users.info": "internal_error"}
        slack.say("status", "UBOB", ts="9.1")
        slack.say("status", "UANN", ts="9.2")
        poll(lambda: len(slack.posted) == 3, timeout=60)
        assert slack.posted[2]["thread_ts"] == "9.2"
        # Who waited has the answer once Slack can say who they are.
        slack.refused = {}
        poll(lambda: len(slack.posted) == 4, timeout=60)
        assert slack.posted[3]["thread_ts"] == "9.1"


def test_it_acknowledges_while_the_database_is_held(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack):
        slack.say("status")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        with closing(sqlite3.connect(lab.state / "labtool.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            envelope = slack.say("x say hello Bob", ident="EvHeld")
            poll(lambda: envelope in slack.acked, timeout=3)
            again = slack.say("x say hello Bob", ident="EvHeld", envelope="again")
            poll(lambda: again in slack.acked, timeout=3)
            held.execute("ROLLBACK")
        poll(lambda: len(slack.posted) == 2, timeout=20)
        assert "will start now" in texts(slack)[1]
        assert list((lab.state / "slack-inbox").glob("*")) == []
        # What cannot be kept is not acknowledged: Slack sends it again.
        (lab.state / "slack-inbox").rmdir()
        (lab.state / "slack-inbox").touch()
        lost = slack.say("x say hello Ann", ident="EvLost", envelope="lost")
        kept = slack.send("hello-of-another-kind", {}, "kept")
        poll(lambda: kept in slack.acked, timeout=3)
        assert lost not in slack.acked
        (lab.state / "slack-inbox").unlink()
        slack.say("x say hello Ann", ident="EvLost", envelope="lost")
        poll(lambda: lost in slack.acked, timeout=3)
        poll(lambda: len(slack.posted) == 3, timeout=20)
    assert len(lab.run("jobs", "list", "--json").json()) == 1


def test_what_people_write_around_it(lab: Lab, slack: SlackSocket) -> None:
    who = {**JOBS["x"]["jobs"]["hello_to"], "parameters": {"name": {"type": "person"}}}
    people = [{**ANN, "slack": "UANN55"}, {"name": "Bob Fox", "email": "bob@example.org"}]
    configure(lab, slack, people=people, jobs={**JOBS["x"]["jobs"], "hello_to": who})
    with bot(lab, slack):
        for number, text in enumerate(
            ("hey <@UBOT>: please, x say hello <@UANN55>.", "Dear <@UBOT> x say hello <@UBOB>")
        ):
            slack.say(text, "UBOB", mention="")
            poll(lambda n=number: len(slack.posted) == n + 1, timeout=20)
        slack.say("x say hello Ann", edited={"user": "UANN", "ts": "1.1"})
        slack.say("status", "UBOB")
        poll(lambda: len(slack.posted) == 3, timeout=20)
    first, second, status = texts(slack)
    assert "x_hello_to(name=Ann Lee) (1) will start" in first
    assert "x_hello_to(name=Bob Fox) (1) will start now, in place of" in second
    assert status.startswith("1 x_hello_to(name=Bob Fox)")


def test_a_failure_can_be_retried_with_a_button(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, restricted=True, settings={"support_channel": "CSUP"})
    with bot(lab, slack):
        slack.say("x fail", ts="3.3")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        assert lab.run("jobs", "work").status == 0
        failed, support = slack.posted[1:]
        [retry] = buttons(failed)
        assert (retry["action_id"], retry["value"]) == ("retry", "1")
        assert (support["channel"], "https://lab.example/C1/p3.3" in support["text"]) == (
            "CSUP", True)  # fmt: skip
        # Only by who may ask for it.
        for user, words in (("UAWAY", "for members only"), ("UANN", "(2) will start now")):
            number = len(slack.posted)
            slack.press("retry", "1", user, at=failed["ts"], thread="3.3", team="")
            poll(lambda n=number: len(slack.posted) == n + 1, timeout=20)
            assert words in texts(slack)[-1]
            assert slack.posted[-1]["thread_ts"] == "3.3"
        for odd in ("1; cancel 1", "", "x", "9" * 30):
            number = len(slack.posted)
            slack.press("retry", odd)
            poll(lambda n=number: len(slack.posted) == n + 1, timeout=20)
            assert "no job is named" in texts(slack)[-1] or "do not know" in texts(slack)[-1]
        number = len(slack.posted)
        slack.press("of-long-ago", "1")
        poll(lambda: len(slack.posted) == number + 1, timeout=20)
        assert "that button has gone" in texts(slack)[-1]
    assert len(lab.run("jobs", "list", "--json").json()) == 2


def test_a_button_that_is_pressed_twice_starts_one_job(lab: Lab, slack: SlackSocket) -> None:
    """Also where the first has begun to run, so that the second would wait behind it."""
    configure(lab, slack)
    with bot(lab, slack):
        slack.say("x fail", ts="3.3")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        assert lab.run("jobs", "work").status == 0
        failed = slack.posted[-1]
        for trigger, words in (("a", "(2) will start now"), ("b", "this button has been pressed")):
            number = len(slack.posted)
            slack.press("retry", "1", at=failed["ts"], thread="3.3", trigger=trigger)
            poll(lambda n=number: len(slack.posted) > n, timeout=20)
            assert words in texts(slack)[-1]
            lab.run("jobs", "work")
        # By its words as often as somebody wants.
        slack.say("retry 1")
        poll(lambda: "(3) will start now" in texts(slack)[-1], timeout=20)


def test_blocks_that_slack_refuses_are_said_as_text(lab: Lab, slack: SlackSocket) -> None:
    wrong = {
        "run_args_template": """echo '[{{"type": "section", "x": 1}}]'""",
        "report_stdout": True,
        "report_format": "blocks",
    }
    configure(lab, slack, jobs={**JOBS["x"]["jobs"], "fails": wrong})
    with bot(lab, slack):
        slack.say("x fail")
        poll(lambda: len(slack.posted) == 1, timeout=20)
    assert lab.run("jobs", "work").status == 0
    assert len(slack.posted) == 2
    assert "blocks" not in slack.posted[1]
    assert (
        "x_fails succeeded, but Slack does not take its blocks (invalid_blocks" in texts(slack)[1]
    )
    assert "missing required field" in texts(slack)[1]
    assert '"type": "section", "x": 1' in texts(slack)[1]


def test_logs_that_are_long_are_a_file(lab: Lab, slack: SlackSocket) -> None:
    talks = {"run_args_template": "seq 1 3000; echo THE-ERROR >&2; exit 1"}
    configure(lab, slack, jobs={**JOBS["x"]["jobs"], "fails": talks})
    with bot(lab, slack):
        slack.say("x fail")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        assert lab.run("jobs", "work").status == 0
        slack.say("logs 1", ts="4.4")
        poll(lambda: len(slack.posted) == 3, timeout=20)
    [shared] = slack.shared
    assert shared["thread_ts"] == "4.4"
    assert "THE-ERROR" in shared["content"]
    assert "\n3000\n" in shared["content"]


def health(lab: Lab) -> Any:
    return json.loads((lab.state / "slack-bot.json").read_text())


def test_it_connects_again_after_every_break(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack) as process:
        for number, politely in enumerate((True, False)):
            slack.cut(politely=politely)
            poll(lambda: slack.connected, timeout=60)
            slack.say("status")
            poll(lambda n=number: len(slack.posted) == n + 1, timeout=20)
        assert process.poll() is None
        poll(lambda: health(lab)["connected"], timeout=20)


def test_a_bot_that_hangs_is_noticed(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack)
    with bot(lab, slack) as process:
        poll(lambda: (lab.state / "slack-bot.json").exists(), timeout=20)
        assert lab.run("status", "--json").json()["services"] == []
        process.send_signal(signal.SIGSTOP)
        later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        said_ = lab.run("status", "--at", later)
        process.send_signal(signal.SIGCONT)
    assert "slack-bot runs, but has given no sign of life" in said_.out


def test_an_app_token_that_is_refused_later_is_told(lab: Lab, slack: SlackSocket) -> None:
    configure(lab, slack, more={"lab": {"admins": ["#general"]}}, settings={"join": ["#general"]})
    slack.refused = {"conversations.join": "internal_error"}
    with bot(lab, slack):
        poll(lambda: (lab.state / "slack-bot.json").exists(), timeout=20)
        slack.refuse_app = True
        slack.cut()
        poll(lambda: not health(lab)["connected"], timeout=40)
        poll(lambda: any("refuses the app token" in one for one in texts(slack)), timeout=40)
        slack.refused = {}
        slack.refuse_app = False
        poll(lambda: slack.connected, timeout=40)
        slack.say("status")
        poll(lambda: any("Nothing runs" in one for one in texts(slack)), timeout=20)
        poll(lambda: health(lab)["connected"], timeout=20)


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
        (f"please <@{BOT}|labbot>  deploy", "deploy"),
        (f"hey <@{BOT}>: x deploy", "x deploy"),
        (f"<@{BOT}>, x deploy", "x deploy"),
        (f"x deploy, <@{BOT}>", "x deploy"),
        (f"<@{BOT}> x say to <@{BOT}> it", "x say to  it"),
        (
            "see <http://example.org|example.org> and <tel:+4312|+43 12>",
            "see example.org and +43 12",
        ),
        ("see <https://a.example/?a=1&amp;b=2|here>", "see https://a.example/?a=1&b=2"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("in <#C1|general> to <@U2|ann>", "in #general to @ann"),
        ("&lt;b&gt; $(x) `y`", "<b> $(x) `y`"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_slack_s_markup(text: str, found: str) -> None:
    assert (
        after_mention(text, (BOT,)) == found.strip()
        or after_mention(text, (BOT,)).split() == found.split()
    )


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


NAMES = ["event", "event_id", "authorizations", "type", "actions", "user", "message", "channel"]


@given(
    st.dictionaries(st.sampled_from(NAMES), ANYTHING),
    st.sampled_from(["events_api", "interactive"]),
)
def test_whatever_comes(payload: Any, kind: str) -> None:
    said(payload)
    pressed({**payload, "type": "block_actions"})
    opened(payload)
    overheard(payload, ["help"])
    assert ident(kind, payload) == ident(kind, json.loads(json.dumps(payload)))


@pytest.mark.parametrize("how", ["half open", "warning", "too_many_websockets", "link_disabled"])
def test_what_slack_says_or_does_not_say_of_a_connection(
    lab: Lab, slack: SlackSocket, how: str
) -> None:
    """docs.slack.dev/apis/events-api/using-socket-mode: what it says before it ends one."""
    configure(lab, slack)
    with bot(lab, slack):
        if how == "half open":
            slack.go_deaf()
        else:
            slack.cut(politely=True, reason=how)
        poll(lambda: slack.connected, timeout=40)
        slack.say("x say hello again", "UANN")
        poll(lambda: "will start" in str(texts(slack)), timeout=20)
