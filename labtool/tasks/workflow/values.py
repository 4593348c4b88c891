"""`{name}` in the texts of steps: filled with what a run knows. Pure.

In bash commands it is core/shell that fills them, as data; here it is all the others: addresses,
paths, messages. What is filled in is never looked into again.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names(template: str) -> list[str]:
    """The names that a text asks for, each once."""
    return list(dict.fromkeys(_NAME.findall(template)))


def fill(
    template: str, values: Mapping[str, Any], quote: Callable[[str], str] = lambda text: text
) -> str:
    """A text with its names filled in, each by `quote`. Raises KeyError for one that is not
    known."""
    return _NAME.sub(lambda found: quote(text_of(values[found[1]])), template)


def text_of(value: Any) -> str:
    """A value as text: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
