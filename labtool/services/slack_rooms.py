"""What a bot does in Slack beside sending messages. Everything raises as `Client.call`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.core.errors import Failed, Temporary, Unknown
from labtool.core.text import one_line
from labtool.services.slack_client import Client
from labtool.services.slack_text import cut, mrkdwn

_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "is_workflow_bot",
            "deleted")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody with an account: a member is of the app's own workspace, whose id is `team`, and
    no guest and no bot. Who is of another workspace has whatever name and mail address that one
    gives."""

    name: str
    email: str
    is_member: bool
    team: str


class Rooms:
    """Slack's channels, by their ids, and its people. `channel` finds the id of a name."""

    def __init__(self, client: Client, channel: Callable[[str], str]) -> None:
        self._client = client
        self._channel = channel
        self._team = ""

    def profile(self, user: str) -> Profile:
        """Who has a Slack id."""
        if not self._team:
            self._team = str(self._client.call("auth.test").get("team_id") or "")
        found = self._client.call("users.info", user=user)["user"]
        about = found.get("profile") or {}
        name = about.get("real_name") or found.get("real_name") or found.get("name") or user
        # `is_stranger` is only of who shares no channel with the app (docs.slack.dev/reference/
        # objects/user-object); who is of a connected workspace has that one's id. In an
        # organization people have several.
        more = (found.get("enterprise_user") or {}).get("teams") or []
        ours = bool(self._team) and self._team in (found.get("team_id"), *more)
        return Profile(
            one_line(str(name), 100),
            str(about.get("email") or ""),
            is_member=ours and not any(found.get(key) for key in _OUTSIDE),
            team=self._team,
        )

    def react(self, channel: str, at: str, name: str) -> None:
        """Put a reaction on a message; one that is there is no error."""
        try:
            self._client.call("reactions.add", channel=channel, timestamp=at, name=name)
        except Failed as error:
            if error.code != "already_reacted":
                raise

    def permalink(self, channel: str, at: str) -> str:
        """The address of a message."""
        found = self._client.call("chat.getPermalink", channel=channel, message_ts=at)
        return str(found["permalink"])

    def join(self, channel: str) -> None:
        """Go into a public channel, `#name` or an id."""
        self._client.call("conversations.join", channel=self._channel(channel))

    def update(self, channel: str, at: str, text: str) -> None:
        """Put another (neutral) text in place of one of our messages'; its buttons go."""
        shown = cut(mrkdwn(text, lambda _: ""))
        body = {"channel": channel, "ts": at, "text": shown, "attachments": [], "blocks": []}
        self._put("chat.update", body)

    def publish(self, user: str, blocks: Sequence[dict[str, Any]]) -> None:
        """Show these blocks on somebody's Home tab, in place of what was there."""
        view = {"type": "home", "blocks": list(blocks)}
        self._put("views.publish", {"user_id": user, "view": view})

    def _put(self, method: str, body: Mapping[str, Any]) -> None:
        """What may have been done although no answer came is done again later: no harm. Others
        wait for an answer meanwhile, so that this does not wait."""
        try:
            self._client.post(method, body, wait=False)
        except Unknown as error:
            raise Temporary(error.what, where=error.where, code=error.code) from error
