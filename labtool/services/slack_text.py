"""Neutral text as Slack's mrkdwn. Pure."""

import re
from collections.abc import Callable

from labtool.core import text as neutral

LONGEST = 40_000
_CUT = "\n… (the rest was too long for Slack)"
_WEB = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def escape(text: str) -> str:
    """Text that Slack shows as it is: no mention, channel or link can be made of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str, member: Callable[[str], str]) -> str:
    """Neutral text for Slack. `member` gives the Slack id for a person's key, or an empty
    string: then the name stands there as it is.
    """

    def mention(person: str, name: str) -> str:
        found = member(person)
        return f"<@{escape(found)}>" if found else escape(name)

    return cut(neutral.render(text, escape=escape, mention=mention, link=link))


def link(url: str, title: str) -> str:
    """A link, where the address is one that a browser opens; else both as text."""
    if not _WEB.match(url):
        return escape(f"{title} ({url})" if title else url)
    safe = escape(url).replace("|", "%7C").replace(" ", "%20").replace("\n", "")
    label = " ".join(escape(title).split())
    return f"<{safe}|{label}>" if label else f"<{safe}>"


def cut(text: str) -> str:
    """Text that fits into one message, cut at a space and never inside a link."""
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - len(_CUT)]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    if space > len(kept) - 2000:
        kept = kept[:space]
    if kept.rfind("<") > kept.rfind(">"):
        kept = kept[: kept.rfind("<")]
    return kept + _CUT
