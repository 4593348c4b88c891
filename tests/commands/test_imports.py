"""A command imports only what it uses: timers start labtool every few minutes."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.google import Google
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

# What is slow to import, and of use to some commands only.
HEAVY = {
    "cronsim",
    "google",
    "gspread",
    "http.client",
    "icalendar",
    "jinja2",
    "recurring_ical_events",
    "requests",
    "rich",
    "slack_sdk",
    "smtplib",
    "ssl",
    "urllib.request",
    "urllib3",
}
HTTP = {"http.client", "ssl", "urllib.request"}  # what clients of the web stand on
MODULES = """
import atexit, json, os, sys

def write():
    with open(os.environ["MODULES"], "w") as file:
        json.dump(sorted(sys.modules), file)

atexit.register(write)
from labtool.cli import main
main()
"""


def modules(lab: Lab, *arguments: str) -> set[str]:
    """Everything that is imported when `labtool ARGUMENTS` has run."""
    file = lab.folder / "modules.json"
    program: Sequence[str] = (sys.executable, "-c", MODULES)
    done = lab.run(*arguments, env={"MODULES": str(file)}, program=program)
    assert done.status == 0, done.err
    return set(json.loads(file.read_text()))


def heavy(lab: Lab, *arguments: str) -> set[str]:
    return modules(lab, *arguments) & HEAVY


# Everything is set up; nobody is there.
SECTIONS: dict[str, dict[str, Any]] = {
    "slack": {"token": "xoxb-none", "base_url": "http://127.0.0.1:9/api/"},
    "mail": {"host": "127.0.0.1", "port": 9, "from": "lab@lab.example"},
    "google": {"credentials": {"file": "google.json"}},
    "timers": {"morning": {"run": "status", "when": "daily 09:00"}},
}
NOTHING: set[str] = set()
WEB = {"requests", "ssl", "http.client", "urllib3", "urllib.request"}


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (["init", "new"], NOTHING),
        (["check"], {"jinja2"}),
        (["status"], {"cronsim"}),
        (["log"], NOTHING),
        (["outbox"], NOTHING),
        (["alerts"], NOTHING),
        (["digest"], {"cronsim"}),
        # No time server answers here, so a web server is asked what time it is.
        (["report"], {"cronsim", *WEB}),
        (["config", "schema"], NOTHING),
        (["timers", "next"], {"cronsim"}),
        (["timers", "crontab"], NOTHING),
        (["timers", "systemd"], {"cronsim"}),
        (["timers", "run", "morning"], NOTHING),
        (["remind", "--preview", "3d", "--at", example.DAY], {"jinja2"}),
        (["remind", "breakfast", "--at", "2026-11-18"], NOTHING),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_each_command_imports(lab: Lab, arguments: list[str], used: set[str]) -> None:
    (lab.folder / "google.json").write_text("{}")
    example.make(lab, **SECTIONS)
    assert heavy(lab, *arguments) == used


def test_the_version_needs_nothing(lab: Lab) -> None:
    found = modules(lab, "--version")
    assert not found & (HEAVY | {"pydantic", "yaml", "sqlite3", "labtool.core"})


def test_reminders_on_the_console(lab: Lab) -> None:
    example.make(lab)
    assert heavy(lab, "remind", "--at", example.DAY) == {"jinja2"}
    assert heavy(lab, "remind", "--at", example.DAY) == NOTHING


def test_reminders_through_slack(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, mail=SECTIONS["mail"], google=SECTIONS["google"])
    assert heavy(lab, "remind", "--at", example.DAY) == {"jinja2", "slack_sdk", *HTTP}
    assert heavy(lab, "remind", "--at", example.DAY) == NOTHING


def test_reminders_by_mail(lab: Lab, smtp: Smtp) -> None:
    example.make(lab, smtp, google=SECTIONS["google"])
    assert heavy(lab, "remind", "plants", "--at", example.DAY) == {"jinja2", "smtplib", "ssl"}


def test_a_google_sheet(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(Sheet1=example.DUTIES)
    example.make(lab, google, sheets={"duties": {"google": key}})
    found = heavy(lab, "remind", "breakfast", "--at", "2026-11-18")
    assert found == {"google", "gspread", "requests", "urllib3", *HTTP}
