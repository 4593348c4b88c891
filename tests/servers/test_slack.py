"""The Slack stand-in, as Slack's own SDK finds it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.servers.faults import Fault
from tests.servers.slack import MEMBERS, Slack
from tests.servers.slack_proxy import DOMAIN, TOKEN

SHAPES = Path(__file__).parents[3] / "shared" / "data" / "slack-shapes"
KEY = {"event_type": "labtool", "event_payload": {"key": "lunch/ann/2026-11"}}


@pytest.fixture
def client(slack: Slack) -> WebClient:
    return WebClient(TOKEN, base_url=slack.base_url, timeout=5)


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        call(**arguments)
    return str(refused.value.response["error"])


def test_a_direct_message_arrives_with_its_metadata(slack: Slack, client: WebClient) -> None:
    found = client.users_lookupByEmail(email=f"ann@{DOMAIN}")["user"]
    assert (found["id"], found["real_name"]) == (slack.user("ann"), "Ann Lee")
    dm = client.conversations_open(users=found["id"])["channel"]["id"]
    client.chat_postMessage(channel=dm, text="Hello", metadata=KEY)
    [message] = slack.messages("@ann")
    assert (message.text, message.metadata, message.place) == ("Hello", KEY, "@ann")
    assert slack.messages("@bob") == []
    assert [seen.name for seen in slack.proxy.requests] == [
        "users.lookupByEmail",
        "conversations.open",
        "chat.postMessage",
    ]
    assert slack.proxy.calls("chat.postMessage")[0].args["text"] == "Hello"


def test_channels_threads_and_blocks(slack: Slack, client: WebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    first = client.chat_postMessage(channel="#lab", text="one", blocks=blocks)
    client.chat_postMessage(channel=slack.channel("lab"), text="two", thread_ts=first["ts"])
    client.chat_postMessage(channel=slack.channel("general"), text="three")
    one, two = slack.messages("#lab")
    assert (one.text, one.blocks) == ("one", blocks)
    assert (two.text, two.thread_ts) == ("two", one.ts)
    assert [message.place for message in slack.everything()] == ["#lab", "#lab", "#general"]


def test_history_tells_metadata_when_asked_and_keeps_to_the_time(
    slack: Slack, client: WebClient
) -> None:
    channel = slack.channel("lab")
    stamps = [
        client.chat_postMessage(channel=channel, text=str(n), metadata=KEY)["ts"] for n in range(3)
    ]

    def texts(**arguments: Any) -> list[str]:
        found = client.conversations_history(channel=channel, **arguments)["messages"]
        return [message["text"] for message in found]

    assert texts() == ["2", "1", "0"]
    assert texts(oldest=stamps[0]) == ["2", "1"]
    assert texts(oldest=stamps[1], latest=stamps[2]) == []
    assert texts(oldest=stamps[1], latest=stamps[2], inclusive=True) == ["2", "1"]
    bare, *_ = client.conversations_history(channel=channel)["messages"]
    told, *_ = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert ("metadata" in bare, told["metadata"]) == (False, KEY)


def test_lists_come_in_pages(slack: Slack, client: WebClient) -> None:
    names = [
        channel["name"]
        for page in client.conversations_list(limit=2)
        for channel in page["channels"]
    ]
    assert {"general", "lab", "admins", "outside"} <= set(names)
    assert len(names) == len(set(names)) > 2
    people = client.users_list()["members"]
    assert set(MEMBERS) <= {person["name"] for person in people}
    assert [person["name"] for person in people if person["deleted"]] == ["dee"]


def test_refusals(slack: Slack, client: WebClient) -> None:
    stranger = WebClient("xoxb-other", base_url=slack.base_url)
    assert refusal(stranger.auth_test) == "invalid_auth"
    assert client.auth_test()["bot_id"] == "B00LABTOOL"
    assert refusal(client.chat_postMessage, channel="#none", text="x") == "channel_not_found"
    assert refusal(client.chat_postMessage, channel="#outside", text="x") == "not_in_channel"
    empty = {"channel": "#lab", "text": ""}
    assert refusal(client.api_call, api_method="chat.postMessage", json=empty) == "no_text"
    assert refusal(client.users_lookupByEmail, email=f"none@{DOMAIN}") == "users_not_found"
    assert refusal(client.users_lookupByEmail, email=f"dee@{DOMAIN}") == "users_not_found"
    assert refusal(client.conversations_open, users=slack.user("dee")) == "user_disabled"
    assert client.users_info(user=slack.user("dee"))["user"]["deleted"] is True
    assert slack.everything() == []


def test_a_lost_answer_leaves_the_message(slack: Slack, client: WebClient) -> None:
    client.retry_handlers.clear()
    slack.proxy.inject(Fault.drop(committed=True), match="chat.postMessage")
    with pytest.raises(Exception, match=r"(?i)remote end closed|connection"):
        client.chat_postMessage(channel="#lab", text="once")
    assert [message.text for message in slack.messages("#lab")] == ["once"]
    slack.proxy.inject(Fault.slack("token_revoked"))
    assert refusal(client.auth_test) == "token_revoked"


def test_reset_empties_the_workspace(slack: Slack, client: WebClient) -> None:
    client.chat_postMessage(channel="#lab", text="x")
    slack.reset()
    assert (slack.everything(), slack.proxy.requests) == ([], [])
    client.chat_postMessage(channel="#lab", text="y")
    assert [message.text for message in slack.everything()] == ["y"]


def test_more_requests_than_emulate_lets_one_token_make(slack: Slack) -> None:
    tokens = {slack.proxy.next_token() for _ in range(4001)}
    assert len(tokens) == 2


def differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Where two replies have a field in common whose types differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line
            for key in ours.keys() & theirs.keys()
            for line in differences(ours[key], theirs[key], f"{path}.{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        return differences(ours[0], theirs[0], path + "[]") if ours and theirs else []
    if ours is None or theirs is None or type(ours) is type(theirs):
        return []
    if {type(ours), type(theirs)} == {int, float}:
        return []
    return [f"{path}: {type(ours).__name__} here, {type(theirs).__name__} there"]


@pytest.mark.skipif(not SHAPES.is_dir(), reason="the vendor's shapes are not on this machine")
def test_replies_have_the_shapes_of_slack(slack: Slack, client: WebClient) -> None:
    ann = slack.user("ann")
    lab = slack.channel("lab")
    posted = client.chat_postMessage(channel="#lab", text="x", metadata=KEY)
    replies = {
        "auth.test": client.auth_test(),
        "users.lookupByEmail": client.users_lookupByEmail(email=f"ann@{DOMAIN}"),
        "users.info": client.users_info(user=ann),
        "users.list": client.users_list(),
        "users.getPresence": client.users_getPresence(user=ann),
        "conversations.open": client.conversations_open(users=ann, return_im=True),
        "conversations.list": client.conversations_list(),
        "conversations.members": client.conversations_members(channel=lab),
        "conversations.join": client.conversations_join(channel=lab),
        "chat.postMessage": posted,
        "conversations.history": client.conversations_history(
            channel=lab, include_all_metadata=True
        ),
        "chat.getPermalink": client.chat_getPermalink(channel=lab, message_ts=posted["ts"]),
        "reactions.add": client.reactions_add(channel=lab, timestamp=posted["ts"], name="tada"),
    }
    wrong = []
    for method, reply in replies.items():
        theirs = json.loads((SHAPES / f"{method}.json").read_text())
        assert isinstance(reply.data, dict)
        wrong += differences(reply.data, theirs, method)
    assert wrong == []


def test_times_are_slacks(client: WebClient) -> None:
    assert re.fullmatch(r"\d{10}\.\d{6}", client.chat_postMessage(channel="#lab", text="x")["ts"])
