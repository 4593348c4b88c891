"""What the repository shows as examples is what labtool makes today, and works."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.lab import REPO, Lab

EXAMPLE = REPO / "config" / "labtool.example.yaml"
INSTALLED = ("--program", "/opt/labtool/bin/labtool", "--config-path", "/srv/lab/labtool.yaml")


def test_crontab_example(lab: Lab) -> None:
    zone = ("--machine-zone", "America/Los_Angeles")
    done = lab.run("-c", EXAMPLE, "timers", "crontab", *INSTALLED, *zone)
    assert done.out == (REPO / "crontab.example").read_text()


def test_systemd_units(lab: Lab, tmp_path: Path) -> None:
    units = tmp_path / "units"
    text = EXAMPLE.read_text()
    for key in ("server: irc", "channels: ["):
        assert f"  # {key}" in text
        text = text.replace(f"  # {key}", f"  {key}")
    lab.configure(text)
    lab.run("timers", "systemd", *INSTALLED, "--account", "lab", "--install", units)
    made = {path.name: path.read_text() for path in units.iterdir()}
    kept = (REPO / "config" / "systemd").iterdir()
    assert made == {path.name: path.read_text() for path in kept}


def test_the_schema_is_the_one_beside_the_example(lab: Lab) -> None:
    made = lab.run("config", "schema").json()
    assert made == json.loads((REPO / "config" / "labtool.schema.json").read_text())
    first = EXAMPLE.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=labtool.schema.json"


def test_the_schema_accepts_the_example_and_refuses_mistakes(lab: Lab) -> None:
    schema = json.loads((REPO / "config" / "labtool.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    example = yaml.load(EXAMPLE.read_text(), yaml.BaseLoader)
    text_only = {"lab", "sheets", "timers"}
    assert list(validator.iter_errors({name: example[name] for name in text_only})) == []
    example = yaml.safe_load(EXAMPLE.read_text())
    assert [e.message for e in validator.iter_errors({"remind": example["remind"]})] == []
    for mistake in ({"lab": {"nam": "x"}}, {"remind": {"rules": {"a": {"kind": "nope"}}}}):
        assert list(validator.iter_errors(mistake))


def test_the_example_is_without_mistakes(lab: Lab) -> None:
    done = lab.run("-c", EXAMPLE, "check", "--at", "2026-01-04")
    assert (done.status, done.err) == (0, "")


def test_the_commented_parts_of_the_example_are_valid(lab: Lab) -> None:
    """What a newcomer gets who takes the comment signs away."""
    text = EXAMPLE.read_text()
    for key in ("slack", "mail", "google"):
        start = text.index(f"# {key}:")
        end = text.index("\n\n", start)
        block = text[start:end].replace("\n# ", "\n").removeprefix("# ")
        text = text[:start] + block + text[end:]
    start = text.index("\ncache:\n")
    end = text.index("\n\n", start)
    text = text[:start] + text[start:end].replace("\n  # ", "\n  ") + text[end:]
    lab.secrets(SLACK_BOT_TOKEN="xoxb-1", MAIL_PASSWORD="secret")
    lab.secrets(GITHUB_TOKEN="g", DROPBOX_REFRESH_TOKEN="d", DROPBOX_APP_SECRET="s")
    lab.secrets(AWS_KEY_ID="a", AWS_SECRET="s", WEATHER_TOKEN="w")
    (lab.folder / "google.json").write_text("{}")
    lab.configure(text)
    for name in ("people", "duties", "meetings", "absences"):
        lab.sheet(name, (REPO / "config" / "sheets" / f"{name}.csv").read_text())
    done = lab.run("check", "--at", "2026-01-04")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("name", ["labtool.example.yaml", "labtool.env.example"])
def test_examples_hold_no_secret(name: str) -> None:
    assert "xoxb-1" not in (REPO / "config" / name).read_text()


def test_the_slack_app_has_what_labtool_asks_for() -> None:
    """Each method of Slack's that labtool calls, with the scope that its page names
    (docs.slack.dev/reference/methods), and each event that it hears."""
    manifest = yaml.safe_load((REPO / "config" / "slack-app.yaml").read_text())
    scopes = {
        "auth.test": [],
        "chat.getPermalink": [],
        "chat.postMessage": ["chat:write"],
        "chat.update": ["chat:write"],
        "conversations.history": ["channels:history", "groups:history", "im:history"],
        "conversations.join": ["channels:join"],
        "conversations.list": ["channels:read", "groups:read"],
        "conversations.open": ["im:write"],
        "conversations.replies": ["channels:history", "groups:history", "im:history"],
        "files.completeUploadExternal": ["files:write"],
        "files.getUploadURLExternal": ["files:write"],
        "files.list": ["files:read"],
        "reactions.add": ["reactions:write"],
        "users.getPresence": ["users:read"],
        "users.info": ["users:read"],
        "users.list": ["users:read"],
        "users.lookupByEmail": ["users:read.email"],
        "views.publish": [],
    }
    called = {
        name
        for file in (REPO / "labtool").rglob("*slack*.py")
        for name in re.findall(
            r'"((?:auth|chat|conversations|files|reactions|users|views)\.[A-Za-z]+)"',
            file.read_text(encoding="utf-8"),
        )
    }
    assert called <= set(scopes)
    wanted = {scope for name in called for scope in scopes[name]} | {"app_mentions:read"}
    assert wanted <= set(manifest["oauth_config"]["scopes"]["bot"])
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_mention", "message.im", "message.channels", "app_home_opened"} <= set(events)
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False
