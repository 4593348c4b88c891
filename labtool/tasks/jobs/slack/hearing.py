"""Slack's events -> what was said to the bot (docs.slack.dev/reference/events). Pure."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MARKUP = re.compile(r"<([@#!][^<>]*|[a-z][a-z0-9+.-]*:[^<>]*)>")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said to the bot: ids of Slack; `thread` is where the answer goes."""

    text: str
    user: str
    channel: str
    thread: str
    team: str


def said(payload: Mapping[str, Any]) -> Said | None:
    """What a mention, or a direct message, says to the bot; None for anything else: what a bot
    said, an edit, a message that was not for it."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("bot_id") or event.get("subtype"):
        return None
    kind = event.get("type")
    direct = kind == "message" and event.get("channel_type") == "im"
    if kind != "app_mention" and not direct:
        return None
    found = [event.get(key) for key in ("text", "user", "channel", "ts")]
    if not all(isinstance(one, str) and one for one in found):
        return None
    text, user, channel, at = map(str, found)
    thread = event.get("thread_ts")
    return Said(
        plain(text, _bots(payload)),
        user,
        channel,
        thread if isinstance(thread, str) and thread else at,
        str(event.get("team") or event.get("user_team") or ""),
    )


def overheard(payload: Mapping[str, Any], words: Sequence[str]) -> tuple[Said, str] | None:
    """What somebody said to everybody in a channel, with the first of these words in it."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") != "message":
        return None
    if event.get("bot_id") or event.get("subtype") or event.get("channel_type") == "im":
        return None
    found = [event.get(key) for key in ("text", "user", "channel", "ts")]
    if not all(isinstance(one, str) and one for one in found):
        return None
    text, user, channel, at = map(str, found)
    low = f" {plain(text).casefold()} "
    for word in words:
        if re.search(rf"(?<![\w-]){re.escape(word.casefold())}(?![\w-])", low):
            return Said(text, user, channel, at, ""), word
    return None


def plain(text: str, bots: tuple[str, ...] = ()) -> str:
    """Slack's markup as people wrote it: no mention of the bot, no brackets around links."""

    def written(found: re.Match[str]) -> str:
        inside = found[1]
        if any(inside.partition("|")[0] == f"@{bot}" for bot in bots):
            return " "
        target, bar, label = inside.partition("|")
        if target.startswith("mailto:"):
            return target.removeprefix("mailto:")
        if target.startswith(("@", "#", "!")):
            sign = "#" if target.startswith("#") else "@"
            return f"{sign}{label.lstrip('@#')}" if bar and label else target
        return target

    return html.unescape(_MARKUP.sub(written, text)).strip()


def _bots(payload: Mapping[str, Any]) -> tuple[str, ...]:
    given = payload.get("authorizations")
    found = (
        [one.get("user_id") for one in given if isinstance(one, dict)]
        if isinstance(given, list)
        else []
    )
    return tuple(one for one in found if isinstance(one, str))
