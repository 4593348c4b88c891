"""Slack: the npm package `emulate` behind a proxy that mends and fails.

emulate (0.11.2; the version matters) keeps messages, threads, DMs, users and channels, and
answers in Slack's shapes; `slack_proxy.py` lists what it gets wrong and is mended. Still
unlike Slack: blocks and metadata are not validated (no `invalid_blocks`), no rate is
limited (inject `Fault.status(429, retry_after=1)`), scopes are not asked for, and the reply
to `chat.postMessage` has no `bot_id`.
"""

import json
import os
import subprocess
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.servers.slack_proxy import DOMAIN, OUTSIDE, TOKEN, TOKENS, SlackProxy

# login: full name. Ann Lee and Ann Berg share a first name; Dee Moss was deactivated.
MEMBERS = {
    "ann": "Ann Lee",
    "annb": "Ann Berg",
    "bob": "Bob Stone",
    "cem": "Cem Öztürk",
    "dee": "Dee Moss",
    "eve": "Eve Park",
}
CHANNELS = ("general", "lab", "admins")


def node_modules() -> Path:
    """Where npm packages for tests are: `$LABTOOL_TEST_NODE_MODULES`, else beside the repo's
    sources in `.test-tools`."""
    given = os.environ.get("LABTOOL_TEST_NODE_MODULES")
    return Path(given) if given else Path(__file__).parents[2] / ".test-tools" / "node_modules"


def api_module() -> Path:
    """The module of emulate; it exists where emulate is installed."""
    return node_modules() / "emulate" / "dist" / "api.js"


def _seed() -> dict[str, Any]:
    users = [
        {"name": login, "real_name": name, "email": f"{login}@{DOMAIN}"}
        for login, name in MEMBERS.items()
    ]
    app = {
        "client_id": "1.2",
        "client_secret": "none",
        "app_id": "A00LABTOOL",
        "name": "labtool",
        "redirect_uris": [],
        "bot_id": "B00LABTOOL",
        "bot_user_id": "U00LABTOOL",
        "bot_name": "labtool",
    }
    tokens = [
        {"token": t, "type": "bot", "user_id": "U00LABTOOL", "bot_id": "B00LABTOOL"} for t in TOKENS
    ]
    channels = [{"name": name} for name in (*CHANNELS, OUTSIDE)]
    return {
        "slack": {
            "team": {"name": "Example Lab", "domain": "examplelab"},
            "users": users,
            "channels": channels,
            "oauth_apps": [app],
            "tokens": tokens,
        }
    }


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as Slack keeps it. `place` is `#channel` or `@login`."""

    place: str
    ts: str
    text: str
    user: str
    thread_ts: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    blocks: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)


class Slack:
    """A workspace. `proxy` records what a program asked and takes faults; the other methods
    look behind it and leave no trace there."""

    def __init__(self) -> None:
        self.proxy = SlackProxy()
        self._process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        """What a program takes for https://slack.com/api/."""
        return self.proxy.url + "/api/"

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of a labtool config that reach it."""
        return {"slack": {"token": "${SLACK_BOT_TOKEN}", "base_url": self.base_url, "pace": "0"}}

    def env(self) -> dict[str, str]:
        """The secrets that `config` names."""
        return {"SLACK_BOT_TOKEN": TOKEN}

    def start(self) -> Self:
        """Start node and the proxy."""
        self.proxy.start()
        script = Path(__file__).with_suffix(".mjs")
        self._process = subprocess.Popen(
            ["node", script, api_module().as_uri(), self.proxy.url, json.dumps(_seed())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.proxy.upstream = f"http://127.0.0.1:{self._listen()['port']}"
        self._settle()
        return self

    def stop(self) -> None:
        """End both."""
        self.proxy.stop()
        if self._process is not None and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(10)
            self._process.stdout.close()

    def reset(self) -> None:
        """An empty workspace again, with new ids; requests and faults are forgotten."""
        self.proxy.reset()
        if self._process is not None and self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        self._listen()
        self._settle()

    def user(self, login: str) -> str:
        """A member's id."""
        return self.proxy.directory["@" + login]

    def channel(self, name: str) -> str:
        """A channel's id, by its name without `#`."""
        return self.proxy.directory["#" + name]

    def messages(self, place: str) -> list[Posted]:
        """What stands in `#channel`, or in the bot's DM with `@login`; oldest first, threads
        included."""
        channel = self._channels().get(place)
        if channel is None:
            return []
        found = []
        for message in self._pages("conversations.history", "messages", channel=channel):
            if message.get("reply_count"):
                thread = self.call("conversations.replies", channel=channel, ts=message["ts"])
                found += thread["messages"]
            else:
                found.append(message)
        shown = [
            Posted(
                place,
                message["ts"],
                message["text"],
                message["user"],
                message.get("thread_ts") or "",
                message.get("metadata") or {},
                message.get("blocks") or [],
                message.get("attachments") or [],
            )
            for message in found
            if "subtype" not in message
        ]
        return sorted(shown, key=lambda message: message.ts)

    def everything(self) -> list[Posted]:
        """All messages of the workspace, in order."""
        found = [message for place in self._channels() for message in self.messages(place)]
        return sorted(found, key=lambda message: message.ts)

    def call(self, method: str, **args: Any) -> dict[str, Any]:
        """Ask emulate itself, past the proxy; fails the test if it refuses."""
        request = urllib.request.Request(
            f"{self.proxy.upstream}/api/{method}",
            urllib.parse.urlencode(args).encode(),
            {"Authorization": f"Bearer {self.proxy.next_token()}"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            value: dict[str, Any] = json.load(reply)
        assert value["ok"], f"{method}: {value}"
        return value

    def _pages(self, method: str, key: str, **args: Any) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            reply = self.call(method, limit=1000, cursor=cursor, **args)
            found += reply[key]
            cursor = reply["response_metadata"]["next_cursor"]
            if not cursor:
                return found

    def _channels(self) -> dict[str, str]:
        """Every conversation's id by place; DMs come and go, so it is asked each time."""
        logins = {v: k for k, v in self.proxy.directory.items()}
        types = "public_channel,private_channel,im"
        return {
            logins.get(c.get("user"), "@?") if c.get("is_im") else "#" + c["name"]: c["id"]
            for c in self._pages("conversations.list", "channels", types=types)
        }

    def _settle(self) -> None:
        """Learn the new ids, and let the bot join its channels."""
        self.proxy.directory = {}
        members = self._pages("users.list", "members")
        ids = {"@" + member["name"]: member["id"] for member in members} | self._channels()
        self.proxy.directory = ids
        for name in CHANNELS:
            self.call("conversations.join", channel=ids["#" + name])

    def _listen(self) -> dict[str, Any]:
        """The next thing that node says."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "node ended before it answered; is emulate 0.11.2 installed?"
        value: dict[str, Any] = json.loads(line)
        return value
