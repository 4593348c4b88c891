"""Neutral text as Slack's."""

from labtool.core.text import mention
from labtool.services.slack_text import mrkdwn


def test_no_id_can_become_another_mention() -> None:
    text = f"Hi {mention('ann-lee', 'Ann <Lee>')}"
    assert mrkdwn(text, lambda key: "U0123ABCD") == "Hi <@U0123ABCD>"
    assert mrkdwn(text, lambda key: "U1><!channel") == "Hi <@U1&gt;&lt;!channel>"
    assert mrkdwn(text, lambda key: "") == "Hi Ann &lt;Lee&gt;"
