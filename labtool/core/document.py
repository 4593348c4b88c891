"""What `--json` prints: one document, its times as they are stored everywhere."""

import json
from datetime import datetime
from typing import Any

from labtool.core.clock import iso


def as_json(value: Any) -> str:
    """A value as JSON: times in UTC, ISO 8601; what JSON does not know as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
