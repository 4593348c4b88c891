"""What somebody sees who is to say yes: every character of every parameter. Pure."""

import json
from collections.abc import Mapping

from labtool.core.errors import Failed

# All of it fits into one message, beside what else is said there.
_MOST = 3000


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
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
