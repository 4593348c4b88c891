"""What somebody sees who is to say yes: every character of every parameter. Pure."""

import json
import unicodedata
from collections.abc import Mapping

from labtool.core.errors import Failed

# All of it fits into one message, beside what else is said there.
_MOST = 3000
_MARKUP = frozenset("*_~`")
# Letters and symbols that show nothing.
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159")


def shown(arguments: Mapping[str, str]) -> str:
    """The parameters, one on a line, as JSON writes text; nothing in them hides."""
    lines = [f"{name} = {_visible(value)}" for name, value in arguments.items()]
    return "\n".join(lines)


def fits(arguments: Mapping[str, str]) -> None:
    """Raises Failed for what is too long to be looked at: nobody confirms what they do not see."""
    length = len(shown(arguments))
    if length > _MOST:
        what = f"its parameters take {length} characters, and it needs a yes: {_MOST} can be shown"
        raise Failed(what, fix="say less", code="arguments")


def _visible(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if _is_seen(char) else f"\\u{{{ord(char):x}}}" for char in text)


def _is_seen(char: str) -> bool:
    """Whether a character is seen as itself: not those that take no room, look as a space, change
    the direction or the one before (unicode.org/reports/tr44, Default_Ignorable_Code_Point), nor
    what Slack makes bold or code of."""
    if char == " ":
        return True
    if char in _MARKUP or char in _BLANK:
        return False
    return char.isprintable() and unicodedata.category(char) not in ("Cf", "Mn", "Me", "Zs")
