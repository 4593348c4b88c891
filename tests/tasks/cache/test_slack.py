"""What is particular to Slack: rate limits, who was seen when, the shapes that are published."""

import json
from typing import Any

import pytest

from tests.lab import REPO, Lab
from tests.servers.faults import Fault
from tests.servers.http import Seen
from tests.servers.slack import Slack

SHAPES = REPO.parent / "shared" / "data" / "slack-shapes"
BUSY = Fault.status(429, retry_after=3000)


def presence(lab: Lab, slack: Slack) -> None:
    lab.configure({"cache": {"presence": {"kind": "slack-presence"}}}, slack)


def members(lab: Lab) -> dict[str, dict[str, Any]]:
    found = json.loads((lab.state / "cache" / "presence.json").read_text())
    return {member["name"]: member for member in found["data"]["members"]}


def of(slack: Slack, login: str) -> Any:
    return lambda seen: seen.name == "users.getPresence" and seen.args["user"] == slack.user(login)


def says(active: bool) -> Fault:
    return Fault.json({"ok": True, "presence": "active" if active else "away"})


def test_who_left_was_seen_before(lab: Lab, slack: Slack) -> None:
    presence(lab, slack)
    slack.proxy.inject(says(active=True), match=of(slack, "ann"))
    slack.proxy.inject(says(active=False), times=None, match=of(slack, "ann"))
    slack.proxy.inject(says(active=False), times=None, match=of(slack, "bob"))
    assert lab.run("cache", "--at", "2026-11-25T12:00").status == 0
    assert lab.run("cache", "--at", "2026-11-25T12:03", "--force").status == 0
    ann, bob = members(lab)["Ann Lee"], members(lab)["Bob Stone"]
    assert (ann["active"], bob["active"]) == (False, False)
    assert ann["last_seen"].startswith("2026-11-25T12:00")
    assert ann["asked_at"].startswith("2026-11-25T12:03")
    assert bob["last_seen"] is None


def test_who_could_not_be_asked_is_first_the_next_time(lab: Lab, slack: Slack) -> None:
    presence(lab, slack)
    passed = iter(range(1000))

    def after_three(seen: Seen) -> bool:
        return seen.name == "users.getPresence" and next(passed) >= 3

    limit = slack.proxy.inject(BUSY, times=None, match=after_three)
    done = lab.run("cache", "--at", "2026-11-25T12:00")
    assert done.status == 75
    assert (
        "cache presence: Slack users.getPresence: Slack asks us to wait, and wants to be left alone"
        " until 12:50"
    ) in done.err
    first = {name for name, member in members(lab).items() if member["asked_at"]}
    assert len(first) == 3
    limit.left = 0
    slack.proxy.reset()
    slack.proxy.inject(BUSY, times=None, match=lambda seen: False)
    assert lab.run("cache", "--at", "2026-11-25T12:03").status == 0
    asked = [s.args["user"] for s in slack.proxy.calls("users.getPresence")]
    ids = {member["id"]: name for name, member in members(lab).items()}
    assert first.isdisjoint({ids[user] for user in asked[: len(asked) - 3]})


def test_a_channel_that_could_not_be_asked_keeps_what_was_known(lab: Lab, slack: Slack) -> None:
    lab.configure({"cache": {"slack": {"kind": "slack"}}}, slack)
    slack.call("chat.postMessage", channel=slack.channel("lab"), text="hello")
    assert lab.run("cache").status == 0
    passed = iter(range(1000))
    slack.proxy.inject(
        BUSY,
        times=None,
        match=lambda seen: seen.name == "conversations.history" and next(passed) >= 1,
    )
    slack.call("chat.postMessage", channel=slack.channel("lab"), text="again")
    done = lab.run("cache", "--force")
    assert done.status == 75
    assert "Slack conversations.history: Slack asks us to wait, and wants to be left" in done.err
    found = json.loads((lab.state / "cache" / "slack.json").read_text())["data"]
    channels = {channel["name"]: channel for channel in found["channels"]}
    assert channels["lab"]["messages"] == 1
    assert found["days"][-1]["messages"] + found["days"][-2]["messages"] == 1


def test_a_missing_scope_is_named(lab: Lab, slack: Slack) -> None:
    lab.configure({"cache": {"slack": {"kind": "slack"}}}, slack)
    refused = Fault.json({"ok": False, "error": "missing_scope", "needed": "files:read"})
    slack.proxy.inject(refused, times=None, match="files.list")
    done = lab.run("cache")
    assert done.status == 1
    assert "Slack files.list: a permission is missing; add the scope files:read" in done.err


@pytest.mark.parametrize("kind", ["slack", "slack-presence"])
def test_a_token_that_runs_out(lab: Lab, slack: Slack, kind: str) -> None:
    lab.configure({"lab": {"admins": ["#admins"]}, "cache": {"slack": {"kind": kind}}}, slack)
    known = {"ok": True, "user": "labtool", "team": "x", "expires_in": 3600 * 30}
    slack.proxy.inject(Fault.json(known), times=None, match="auth.test")
    for _ in range(2):
        assert lab.run("cache", "--force").status == 0
    [told] = slack.messages("#admins")
    assert "Slack's token (cache.slack) runs out on" in json.dumps([told.text, told.attachments])


def test_presence_is_never_public(lab: Lab, slack: Slack) -> None:
    lab.configure({"cache": {"p": {"kind": "slack-presence", "public": True}}}, slack)
    done = lab.run("check")
    assert done.status == 2
    assert "it names people" in done.err


def shape(method: str) -> dict[str, Any]:
    if not SHAPES.is_dir():
        pytest.skip("the published shapes are not beside this checkout")
    found: dict[str, Any] = json.loads((SHAPES / f"{method}.json").read_text())
    return found


@pytest.mark.parametrize(
    ("method", "key", "fields"),
    [
        ("users.list", "members", ["id", "name", "real_name", "deleted", "is_bot", "profile",
                                   "is_admin", "is_owner", "is_restricted"]),
        ("conversations.list", "channels", ["id", "name", "is_private", "is_member",
                                            "num_members"]),
        ("conversations.history", "messages", ["ts", "text", "user"]),
        ("users.getPresence", "", ["presence"]),
    ],
)  # fmt: skip
def test_the_stand_in_has_the_fields_that_slack_publishes(
    slack: Slack, method: str, key: str, fields: list[str]
) -> None:
    published = shape(method)
    slack.call("chat.postMessage", channel=slack.channel("lab"), text="hello")
    arguments = {
        "conversations.history": {"channel": slack.channel("lab")},
        "users.getPresence": {"user": slack.user("ann")},
    }
    answered = slack.call(method, **arguments.get(method, {}))
    if key:
        [published, *_], [answered, *_] = published[key], answered[key]
    for field in fields:
        assert field in published
        if field in answered:
            assert isinstance(answered[field], type(published[field])), field


def test_the_published_shapes_are_read(lab: Lab, slack: Slack) -> None:
    """Each answer as Slack documents it, with every field."""
    lab.configure(
        {"cache": {"slack": {"kind": "slack"}, "presence": {"kind": "slack-presence"}}}, slack
    )
    methods = ("users.list", "conversations.list", "conversations.history", "files.list",
               "users.getPresence")  # fmt: skip
    for method in methods:
        fault = Fault.json(shape(method) | {"ok": True, "error": ""})
        slack.proxy.inject(fault, times=None, match=f"/{method}$")
    assert lab.run("cache").status == 0
    found = json.loads((lab.state / "cache" / "slack.json").read_text())["data"]
    [files] = found["files"]
    assert files["bytes"] == 123 * files["count"]
    assert [c["name"] for c in found["channels"]] == ["unnamed"]
