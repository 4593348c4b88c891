"""The buttons below a workflow's question, in Slack."""

from collections.abc import Iterator

import pytest

from tests.commands.slack_lab import ANN, bot, buttons, configure, texts
from tests.lab import Lab, poll
from tests.servers.slack_socket import SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")


@pytest.fixture
def slack() -> Iterator[SlackSocket]:
    server = SlackSocket()
    try:
        yield server
    finally:
        server.stop()


def test_a_run_is_approved_with_a_button(lab: Lab, slack: SlackSocket) -> None:
    ask = {"text": "Deploy *{what}* <!here>?", "to": "#general", "by": ["staff"]}
    steps = [{"name": "ask", "approve": ask}, {"name": "do", "run": "true"}]
    workflows = {"w": {"steps": steps, "input": {"required": ["what"]}}}
    configure(lab, slack, people=[ANN], more={"workflows": workflows})
    ident = lab.run("workflow", "start", "w", "what=<@U1> & all").out.strip()
    assert lab.run("workflow", "work").status == 0
    asked = poll(lambda: slack.posted)[-1]
    assert "<!here>" not in asked["text"]
    assert [one["action_id"] for one in buttons(asked)] == ["workflow-approve"] * 2
    yes, no = (one["value"] for one in buttons(asked))
    with bot(lab, slack):
        for number, (user, said) in enumerate(
            [("UGUEST", "for members of the lab only"), ("UBOB", "is not for Bob Fox to decide"),
             ("UANN", "Ann Lee said yes to ask"), ("UANN", "waits for nobody")]
        ):  # fmt: skip
            slack.press("workflow-approve", yes if number < 3 else no, user, at=asked["ts"],
                        trigger=f"w{number}")  # fmt: skip
            poll(lambda s=said: s in str(texts(slack)), timeout=20)
            if number == 2:
                # Who pressed stands in place of the buttons.
                poll(lambda: slack.updated, timeout=20)
                assert "answered by Ann Lee" in slack.updated[-1][1]["text"]
                lab.run("workflow", "work")
    assert lab.run("workflow", "show", ident, "--json").json()["state"] == "completed"
