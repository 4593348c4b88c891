"""`labtool slack-bot`: what changes by itself in Slack: the Home tab, and how far a job is."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from labtool.core.clock import iso
from labtool.core.config import load
from labtool.core.database import Database
from labtool.tasks.instruments.center.home import bot_composes
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.models import Changes
from labtool.tasks.sections import SECTIONS
from tests.commands.slack_lab import ANN, JOBS, bot, configure, texts
from tests.lab import Lab, poll
from tests.servers.slack_socket import SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")
FREE = "Notify me when free"


@pytest.fixture
def slack() -> Iterator[SlackSocket]:
    server = SlackSocket()
    try:
        yield server
    finally:
        server.stop()


def shown(slack: SlackSocket, user: str) -> list[str]:
    """What stands on somebody's Home tab: texts and buttons."""
    blocks = next((made for _, whose, made in reversed(slack.views) if whose == user), [])
    return [
        block["text"]["text"] if "text" in block else block["elements"][0]["text"]["text"]
        for block in blocks
    ]


def goes_on(lab: Lab) -> None:
    """The instrument does something, as its watch would have told."""
    now = iso(datetime.now(UTC))
    state = {"version": 1, "state": "running", "since": now,
             "procedures": [{"name": "Startup", "started": now}]}  # fmt: skip
    change = {"seq": 1, "time": now, "event": "start", "state": state}
    sent = Changes.model_validate({"epoch": "0123456789abcdef", "changes": [change]})
    with closing(Database.open(lab.state)) as database:
        Keeping(database).take("attune", sent, datetime.now(UTC))


def test_the_home_tab(lab: Lab, slack: SlackSocket) -> None:
    lab.sheet("duties", [["task", "interval", "main", "backup"],
                         ["Water the cells", "weekly", "Ann Lee", "Bob Fox"],
                         ["Order gloves", "", "Bob Fox", "Ann Lee"]])  # fmt: skip
    people = [{**ANN, "slack": "UANN55"}, {"name": "Bob Fox", "email": "bob@example.org"}]
    more = {
        "sheets": {"duties": {"csv": "sheets/duties.csv"}},
        "remind": {"duties": "duties"},
        "instruments": {"attune": {"kind": "attune", "name": "Attune", "home": ["Ann"]}},
    }
    configure(lab, slack, people=people, more=more, restricted=True)
    start = time.monotonic()
    with bot(lab, slack):
        # Who is named by an instrument has it without opening it; others when they open it.
        poll(lambda: shown(slack, "UANN55"), timeout=20)
        assert shown(slack, "UANN55") == [
            "Jobs", "Nothing runs or waits.",
            "Your duties", "Water the cells, weekly\nOrder gloves (as backup)",
            "Instruments", "Attune: nothing was heard of it yet",
        ]  # fmt: skip
        for user in ("UBOB", "UAWAY"):
            slack.open_home(user)
            poll(lambda u=user: shown(slack, u), timeout=20)
        assert shown(slack, "UBOB")[2:] == [
            "Your duties", "Water the cells, weekly (as backup)\nOrder gloves"]  # fmt: skip
        assert shown(slack, "UAWAY") == ["Jobs", "Nothing runs or waits."]
        goes_on(lab)
        slack.say("x say hello Bob", "UBOB")
        poll(lambda: FREE in shown(slack, "UANN55"), timeout=30)
        poll(lambda: "x_hello_to(name=Bob)" in shown(slack, "UBOB")[1], timeout=30)
        # Only who sees it may ask.
        for user, value, words in (
            ("UBOB", "attune", "not yours"),
            ("UANN55", "of-old", "not yours"),
            ("UANN55", "attune", "I will tell you when Attune"),
            ("UANN55", "!attune", "I will not tell you when Attune"),
            ("UANN55", "attune", "I will tell you when Attune"),
        ):
            number = len(slack.posted)
            slack.press("instrument-free", value, user, channel="")
            poll(lambda n=number: len(slack.posted) > n, timeout=20)
            assert words in texts(slack)[-1]
            assert slack.posted[-1]["channel"] == user
        poll(lambda: "Do not notify me" in shown(slack, "UANN55"), timeout=30)
        assert FREE not in shown(slack, "UANN55")
        assert shown(slack, "UAWAY") == ["Jobs", "Nothing runs or waits."]
    for user in ("UANN55", "UBOB"):
        times = [at for at, whose, _ in slack.views if whose == user]
        assert all(later - before > 9.5 for before, later in pairwise(times))
    assert len(slack.views) < 3 * (time.monotonic() - start) / 10 + 3


def test_one_of_them_publishes_the_tab(lab: Lab, slack: SlackSocket) -> None:
    instruments = {"attune": {"kind": "attune", "home": ["Ann"]}}
    configure(lab, slack, more={"instruments": instruments})
    assert bot_composes(load(lab.config_file, SECTIONS))
    token = {"slack": {"token": "${BOT_TOKEN}"}, "instruments": instruments}
    lab.configure(token)
    assert not bot_composes(load(lab.config_file, SECTIONS))


def test_a_long_job_tells_how_far_it_is(lab: Lab, slack: SlackSocket) -> None:
    long = {
        "run_args_template": "for n in $(seq 1 17); do echo step $n '```' $K; sleep 1; done",
        "report_stdout": True,
        "secrets": {"K": "${KEY}"},
    }
    lab.secrets(KEY="a-secret-of-the-lab")
    configure(lab, slack, jobs={**JOBS["x"]["jobs"], "fails": long})
    with bot(lab, slack):
        slack.say("x fail", ts="6.6")
        poll(lambda: len(slack.posted) == 1, timeout=20)
        worker = lab.start("jobs", "work")
        poll(lambda: len(slack.posted) == 2, timeout=30)
        first = slack.posted[1]
        assert first["thread_ts"] == "6.6"
        assert re.match(r"x_fails \(1\) has run for 0:00:1\d\n```step ", first["text"])
        worker.wait(60)
        ended = "x_fails (1) has ended"
        poll(lambda: any(one["text"] == ended for _, one in slack.updated), timeout=30)
    changes = [change for _, change in slack.updated]
    assert len(changes) >= 2
    assert changes[-1]["text"] == ended
    assert {(one["channel"], one["ts"]) for one in changes} == {("C1", first["ts"])}
    assert all(later - before > 2.9 for (before, _), (later, _) in pairwise(slack.updated))
    assert "a-secret" not in str(changes) + first["text"]
    assert "step 11 ''' ***" in changes[0]["text"] + changes[-2]["text"]
    assert max(len(one["text"].splitlines()) for one in changes) <= 9
    # The report says how it ended, as ever.
    assert "x_fails succeeded" in texts(slack)[-1]


def test_a_slack_that_asks_to_wait_with_tabs_holds_up_no_answer(
    lab: Lab, slack: SlackSocket
) -> None:
    configure(lab, slack)
    slack.limited = {"views.publish": 4, "chat.update": 4}
    with bot(lab, slack):
        for user in ("UANN", "UBOB", "UGUEST", "UGRID"):
            slack.open_home(user)
        poll(lambda: "views.publish" in slack.calls, timeout=20)
        start = time.monotonic()
        slack.say("x say hello Ann", "UANN")
        poll(lambda: "will start" in str(texts(slack)), timeout=20)
        assert time.monotonic() - start < 3
        # It says the same of all the others, so that they are not asked for one by one.
        assert slack.calls.count("views.publish") == 1
        slack.limited = {}
        poll(lambda: shown(slack, "UGRID"), timeout=30)
