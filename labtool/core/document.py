"""What `--json` prints: one document, its times as they are stored everywhere."""

import json
import re
from datetime import datetime
from typing import Any

from labtool.core.clock import iso

# What a terminal acts on, or breaks a line or a reader at, and JSON lets stand in a string.
_UNSHOWN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def as_json(value: Any) -> str:
    """A value as JSON: times in UTC, ISO 8601; what JSON does not know as text."""
    return _UNSHOWN.sub(_escaped, json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
