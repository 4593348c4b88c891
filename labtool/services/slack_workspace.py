"""What a Slack workspace holds, for who only reads: members, presence, channels, messages,
files. Rate limits are waited for where they are short.

Fields are those of Slack's Web API (docs.slack.dev/reference/methods); one that is missing or
null is None here, or what it is for most.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from labtool.core import shapes
from labtool.core.config import Config
from labtool.core.errors import Failed, Temporary
from labtool.services.slack_client import Client

MemberKind = Literal["owner", "admin", "member", "guest", "single-channel guest", "bot", "gone"]

_PAGE = 200
_MOST_PAGES = 100
_SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody, or something, with an account."""

    id: str
    name: str
    kind: MemberKind


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that the bot can see; its messages it can only read where it `is_in`."""

    id: str
    name: str
    private: bool
    is_in: bool
    members: int | None


@dataclass(frozen=True, slots=True)
class File:
    """A file: `size` in bytes, `created` in Unix seconds, and the channels that have it."""

    kind: str
    size: int
    created: float
    channels: tuple[str, ...]


class Workspace:
    """Reads a workspace with the config's bot, for at most so many seconds in all."""

    def __init__(self, config: Config, seconds: float) -> None:
        settings = config.core.slack
        if settings is None:
            fix = "add slack: {token: ...}"
            raise Failed("the config has no section slack", fix=fix, code="no_slack")
        self._end = time.monotonic() + seconds
        self._call_seconds = min(seconds, settings.timeout / timedelta(seconds=1))
        self._client = Client(settings.token.reveal(), settings.base_url, self._call_seconds)

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self._end - time.monotonic()

    def token_ends(self) -> float | None:
        """In how many seconds the bot's token runs out; None for one that does not."""
        found = self._call("auth.test").get("expires_in")
        return float(found) if (found := shapes.count(found)) else None

    def members(self) -> list[Member]:
        """Everybody who has, or had, an account. Raises AccessDenied, Failed and Temporary,
        as all of these do."""
        return [_member(user) for user in self._pages("users.list", "members")]

    def is_active(self, member: str) -> bool | None:
        """Whether a member is at their desk; None where Slack does not say."""
        presence = self._call("users.getPresence", user=member).get("presence")
        return {"active": True, "away": False}.get(presence) if isinstance(presence, str) else None

    def channels(self) -> list[Channel]:
        """The public channels, and the private ones that the bot is in."""
        kinds = "public_channel,private_channel"
        found = self._pages("conversations.list", "channels", types=kinds, exclude_archived=True)
        return [
            Channel(
                str(one.get("id") or ""),
                _name(one.get("name")) or "unnamed",
                bool(one.get("is_private")),
                bool(one.get("is_member")),
                shapes.count(one.get("num_members")),
            )
            for one in found
        ]

    def message_times(self, channel: str, since: float) -> list[float]:
        """When people wrote in a channel since then (Unix seconds), newest first: messages,
        without the answers in threads and without notes on who came and went."""
        found = self._pages("conversations.history", "messages", channel=channel, oldest=since)
        times = [shapes.seconds(m.get("ts")) for m in found if _is_said(m)]
        return sorted((at for at in times if at is not None), reverse=True)

    def files(self) -> list[File]:
        """The files that the bot can see."""
        found: list[File] = []
        for page in range(1, _MOST_PAGES + 1):
            reply = self._call("files.list", count=_PAGE, page=page)
            found += [_file(one) for one in shapes.objects(reply.get("files"))]
            paging = reply.get("paging")
            pages = shapes.count(paging.get("pages")) if isinstance(paging, dict) else None
            if page >= (pages or 1):
                break
        return found

    def _pages(self, method: str, key: str, **args: Any) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(_MOST_PAGES):
            reply = self._call(method, limit=_PAGE, cursor=cursor, **args)
            if not isinstance(reply.get(key), list):
                what = f"answered without {key}"
                raise Failed(what, where=f"Slack {method}", code="slack_shape")
            yield from shapes.objects(reply[key])
            meta = reply.get("response_metadata")
            cursor = str((meta.get("next_cursor") if isinstance(meta, dict) else "") or "")
            if not cursor:
                return

    def _call(self, method: str, **args: Any) -> dict[str, Any]:
        if self.left <= 0:
            raise Temporary("there was not time enough", where=f"Slack {method}", code="late")
        self._client.limit(min(self._call_seconds, self.left), self.left)
        return self._client.call(method, **args)


def _name(value: Any) -> str:
    return shapes.text(value, 100) or ""


def _member(user: dict[str, Any]) -> Member:
    profile = user.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("real_name"), user.get("real_name"), user.get("name"), user.get("id"))
    name = next((text for text in map(_name, names) if text), "unnamed")
    return Member(str(user.get("id") or ""), name, _kind(user))


def _kind(user: dict[str, Any]) -> MemberKind:
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == _SLACKBOT:
        return "bot"
    if user.get("deleted"):
        return "gone"
    if user.get("is_owner") or user.get("is_primary_owner"):
        return "owner"
    if user.get("is_admin"):
        return "admin"
    if user.get("is_ultra_restricted"):
        return "single-channel guest"
    return "guest" if user.get("is_restricted") else "member"


def _file(one: dict[str, Any]) -> File:
    every = [*shapes.listed(one.get("channels")), *shapes.listed(one.get("groups"))]
    return File(
        _name(one.get("filetype")) or "unknown",
        shapes.count(one.get("size")) or 0,
        shapes.seconds(one.get("created")) or 0.0,
        tuple(channel for channel in every if isinstance(channel, str)),
    )


# Messages that people or bots wrote have no subtype, or one of these.
_SAID = frozenset({"bot_message", "file_share", "me_message", "thread_broadcast"})


def _is_said(message: dict[str, Any]) -> bool:
    subtype = message.get("subtype")
    return not subtype or subtype in _SAID
