"""Slack's events -> what was said to the bot (docs.slack.dev/reference/events), or pressed
(docs.slack.dev/reference/interaction-payloads/block_actions-payload). Pure."""

import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.tasks.jobs.phrases import AROUND

_MARKUP = re.compile(r"<([@#!][^<>]*|[a-z][a-z0-9+.-]*:[^<>]*)>")
# Messages that people write, with something that goes with them; all others are no words.
_WRITTEN = ("file_share", "thread_broadcast")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said to the bot: ids of Slack; `thread` is where the answer goes, `at` the
    message itself, `mentioned` who else is named in it."""

    text: str
    user: str
    channel: str
    thread: str
    team: str
    at: str = ""
    mentioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pressed:
    """Which button somebody pressed, and of what; without a channel it was on their Home tab. The
    text of `said` is what stood above it."""

    action: str
    value: str
    said: Said


def ident(kind: str, payload: Mapping[str, Any]) -> str:
    """What tells one event from another, also when it is sent again; empty for what could not
    be answered later."""
    if kind == "events_api":
        return str(payload.get("event_id") or "")
    if kind != "interactive" or payload.get("type") != "block_actions":
        return ""
    known = payload.get("trigger_id") or json.dumps(payload, sort_keys=True)
    return f"pressed-{hashlib.sha256(str(known).encode()).hexdigest()[:32]}"


def concerns(payload: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Whether it is for the bot: all else that is said in its channels is not kept."""
    return bool(said(payload) or pressed(payload) or opened(payload) or overheard(payload, words))


def said(payload: Mapping[str, Any]) -> Said | None:
    """What a mention, or a direct message, says to the bot; None for anything else: what a bot
    said, an edit, a message that was not for it."""
    event = _written(payload)
    if event is None:
        return None
    kind = event.get("type")
    direct = kind == "message" and event.get("channel_type") == "im"
    if kind != "app_mention" and not direct:
        return None
    bots = _bots(payload)
    text, at = str(event["text"]), str(event["ts"])
    thread = event.get("thread_ts")
    return Said(
        after_mention(text, bots),
        str(event["user"]),
        str(event["channel"]),
        thread if isinstance(thread, str) and thread else at,
        _team(event),
        at,
        tuple(dict.fromkeys(one for one in _mentions(text) if one not in bots)),
    )


def pressed(payload: Mapping[str, Any]) -> list[Pressed]:
    """What was pressed; nothing where it is no press of a button."""
    actions, user = payload.get("actions"), payload.get("user")
    if payload.get("type") != "block_actions" or not isinstance(actions, list):
        return []
    if not isinstance(user, dict) or not isinstance(user.get("id"), str):
        return []
    message = payload.get("message")
    message = message if isinstance(message, dict) else {}
    channel = payload.get("channel")
    place = str(channel.get("id") or "") if isinstance(channel, dict) else ""
    at = str(message.get("ts") or "")
    thread = str(message.get("thread_ts") or "") or at
    text = plain(str(message.get("text") or ""))
    where = Said(text, user["id"], place, thread, str(user.get("team_id") or ""), at)
    return [
        Pressed(str(one.get("action_id") or ""), str(one.get("value") or ""), where)
        for one in actions
        if isinstance(one, dict)
    ]


def opened(payload: Mapping[str, Any]) -> str:
    """Who opened the Home tab; empty where it is no such event."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") != "app_home_opened":
        return ""
    return str(event.get("user") or "") if event.get("tab", "home") == "home" else ""


def overheard(payload: Mapping[str, Any], words: Sequence[str]) -> tuple[Said, str] | None:
    """What somebody said to everybody in a channel, with the first of these words in it."""
    event = _written(payload)
    if event is None or event.get("type") != "message" or event.get("channel_type") == "im":
        return None
    text, user, channel, at = (str(event[key]) for key in ("text", "user", "channel", "ts"))
    low = f" {plain(text).casefold()} "
    for word in words:
        if re.search(rf"(?<![\w-]){re.escape(word.casefold())}(?![\w-])", low):
            return Said(text, user, channel, at, "", at), word
    return None


def _written(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The event, where somebody has written something, and not changed it: that comes as
    another event."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("bot_id") or event.get("edited"):
        return None
    if event.get("subtype") not in (None, "", *_WRITTEN):
        return None
    found = [event.get(key) for key in ("text", "user", "channel", "ts")]
    return event if all(isinstance(one, str) and one for one in found) else None


def after_mention(text: str, bots: Sequence[str]) -> str:
    """What is said to the bot: what follows its mention, or else what stands before; all of it
    where it is not mentioned."""
    before, *after = _split(text, bots)
    if not after:
        return plain(text)
    return plain(" ".join(after)).lstrip(AROUND) or plain(before).strip(AROUND)


def plain(text: str) -> str:
    """Slack's markup as people wrote it: no brackets around links."""
    return html.unescape(_MARKUP.sub(_as_written, text)).strip()


def _split(text: str, bots: Sequence[str]) -> list[str]:
    """The text between the bot's mentions."""
    parts, last = [], 0
    for found in _MARKUP.finditer(text):
        if any(found[1].partition("|")[0] == f"@{bot}" for bot in bots):
            parts.append(text[last : found.start()])
            last = found.end()
    return [*parts, text[last:]]


def _as_written(found: re.Match[str]) -> str:
    target, bar, label = found[1].partition("|")
    if target.startswith(("@", "#", "!")):
        sign = "#" if target.startswith("#") else "@"
        return f"{sign}{label.lstrip('@#')}" if bar and label else target
    # What Slack has made a link of: the label is what was written.
    if (label and target in (f"http://{label}", f"mailto:{label}")) or target.startswith("tel:"):
        return label or target.removeprefix("tel:")
    return target.removeprefix("mailto:")


def _mentions(text: str) -> Iterator[str]:
    for found in _MARKUP.finditer(text):
        if found[1].startswith("@"):
            yield found[1][1:].partition("|")[0]


def _team(event: Mapping[str, Any]) -> str:
    """Of which workspace who wrote it is."""
    found = event.get("user_team") or event.get("source_team") or event.get("team")
    return found if isinstance(found, str) else ""


def _bots(payload: Mapping[str, Any]) -> tuple[str, ...]:
    given = payload.get("authorizations")
    found = (
        [one.get("user_id") for one in given if isinstance(one, dict)]
        if isinstance(given, list)
        else []
    )
    return tuple(one for one in found if isinstance(one, str))
