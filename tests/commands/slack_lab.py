"""A lab whose jobs are asked for in Slack, and what the bot has said there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab import Lab, poll
from tests.servers.slack_socket import APP_TOKEN, TOKEN, SlackSocket

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


ANN = {"name": "Ann Lee", "email": "ann@example.org", "role": "staff"}


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        element
        for attachment in message.get("attachments", ())
        for block in attachment.get("blocks", ())
        for element in block["elements"]
    ]


def configure(
    lab: Lab,
    slack: SlackSocket,
    settings: dict[str, Any] | None = None,
    people: list[dict[str, Any]] | None = None,
    more: dict[str, Any] | None = None,
    **namespace: Any,
) -> None:
    lab.secrets(BOT_TOKEN=TOKEN, APP_TOKEN=APP_TOKEN)
    lab.configure(
        {
            "slack": {"token": "${BOT_TOKEN}", "app_token": "${APP_TOKEN}",
                      "base_url": slack.url, "pace": "0s"},
            "people": {"list": people or [ANN]},
            "jobs": {"x": {**JOBS["x"], **namespace}},
            "jobs_settings": settings or {},
            **(more or {}),
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
