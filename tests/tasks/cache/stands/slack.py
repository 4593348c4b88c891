"""`kind: slack`: the workspace of the Slack stand-in."""

from pathlib import Path
from typing import Any, ClassVar, Self

from tests import tools
from tests.servers.faults import Fault
from tests.servers.slack import CHANNELS, MEMBERS, Slack
from tests.servers.slack_proxy import OUTSIDE

# What emulate has by itself.
OWN = ("random",)


class Stand:
    """Six members, one of them gone; two messages in #general."""

    kind = "slack"
    odd: ClassVar = [
        Fault.json({"ok": True}),
        Fault.json({"ok": True, "members": None, "channels": None, "files": None}),
        Fault.json({"ok": True, "members": [None, {}], "channels": [{}], "files": [{}, 3],
                    "messages": [{}, {"ts": None}], "response_metadata": None, "paging": []}),
    ]  # fmt: skip

    def __init__(self, beside: "Stand | None" = None) -> None:
        """One `beside` another is of the same workspace: a config has only one."""
        self._beside = beside
        self._slack = beside._slack if beside else Slack()
        self.proxy = self._slack.proxy

    def start(self) -> Self:
        tools.require("emulate")
        if not self._beside:
            self._slack.start()
        return self

    def stop(self) -> None:
        if not self._beside:
            self._slack.stop()

    def reset(self) -> None:
        self._slack.reset()
        for text in ("hello", "there"):
            self._slack.call("chat.postMessage", channel=self._slack.channel("general"), text=text)

    def config(self, folder: Path) -> dict[str, Any]:
        return {**self._slack.config(folder), "cache": {"source": {"kind": self.kind}}}

    def env(self) -> dict[str, str]:
        return self._slack.env()

    def empty(self) -> None:
        """Nobody has written anything."""
        self._slack.reset()

    def many(self) -> int:
        for number in range(210):
            self._slack.call("conversations.create", name=f"project-{number}")
        return 210 + len(CHANNELS) + len([OUTSIDE]) + len(OWN)

    def good(self, data: Any) -> None:
        members = data["members"]
        everybody = {name for names in members.values() for name in names}
        assert set(MEMBERS.values()) <= everybody
        assert "Dee Moss" in members["gone"]
        assert "Ann Lee" in members["member"] + members["admin"] + members["owner"]
        channels = {channel["name"]: channel for channel in data["channels"]}
        assert channels["general"]["messages"] == 2
        assert channels["general"]["latest"] is not None
        assert channels["outside"]["messages"] is None
        assert channels["outside"]["why"] == "the bot is not in it"
        assert len(data["days"]) == 7
        assert data["days"][-1]["messages"] + data["days"][-2]["messages"] == 2

    def bare(self, data: Any) -> None:
        channels = {channel["name"]: channel for channel in data["channels"]}
        assert channels["general"]["messages"] == 0
        assert channels["general"]["latest"] is None
        assert data["files"] == []
        assert sum(day["messages"] for day in data["days"]) == 0

    def count(self, data: Any) -> int:
        return len(data["channels"])

    def refused(self) -> Fault:
        return Fault.slack("token_revoked")

    def forbidden(self) -> Fault | None:
        return Fault.json({"ok": False, "error": "missing_scope", "needed": "users:read"})

    def limited(self, seconds: int) -> Fault:
        return Fault.status(429, retry_after=seconds)
