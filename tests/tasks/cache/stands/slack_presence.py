"""`kind: slack-presence`: the workspace of the Slack stand-in."""

from typing import Any

from tests.servers.slack import MEMBERS
from tests.tasks.cache.stands import slack


class Stand(slack.Stand):
    """Six members, one of them gone."""

    kind = "slack-presence"

    def empty(self) -> None:
        """Slack has no workspace without members."""

    def many(self) -> int:
        return len(MEMBERS) - 1

    def good(self, data: Any) -> None:
        names = [member["name"] for member in data["members"]]
        people = {name for name in MEMBERS.values() if name != "Dee Moss"}
        assert people <= set(names)
        assert "Dee Moss" not in names
        assert names == sorted(names, key=str.casefold)
        for member in data["members"]:
            assert member["active"] in (True, False)
            assert member["asked_at"]
            assert bool(member["last_seen"]) >= member["active"]

    def bare(self, data: Any) -> None:
        self.good(data)

    def count(self, data: Any) -> int:
        return sum(member["name"] in MEMBERS.values() for member in data["members"])
