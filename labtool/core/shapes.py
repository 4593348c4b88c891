"""Parts of a JSON document that somebody else wrote, by the type that they ought to have:
what is of another type is None, or empty.
"""

import math
from datetime import UTC, date, datetime
from typing import Any

from labtool.core.text import one_line

# What SQLite, JavaScript and plots can all hold: more is no count of anything.
_LARGEST = 2**53
_ENDLESS = 1e300
# Years of instants that can be shown in any zone.
_YEARS = (1970, 9000)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in listed(value) if isinstance(one, dict)]


def listed(value: Any) -> list[Any]:
    """A list."""
    return value if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """An object."""
    return value if isinstance(value, dict) else {}


def text(value: Any, limit: int = 200) -> str | None:
    """Text on one line, cut at `limit` characters; None for none, and for an empty one."""
    if not isinstance(value, str):
        return None
    return one_line(value, limit).encode("utf-8", "replace").decode() or None


def whole(value: Any) -> int | None:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        return None
    return value


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    found = whole(value)
    return None if found is None or found < 0 else found


def real(value: Any) -> float | None:
    """A number that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _ENDLESS and math.isfinite(value) else None


def seconds(value: Any) -> float | None:
    """Unix seconds, also as text, of an instant that can be shown."""
    try:
        found = datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return found.timestamp() if _YEARS[0] <= found.year <= _YEARS[1] else None


def instant(value: Any) -> str | None:
    """An instant in ISO 8601 with its zone, as it is written."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None or not _YEARS[0] <= found.year <= _YEARS[1]:
        return None
    return str(value)


def day(value: Any) -> str | None:
    """A day in ISO 8601, as it is written."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return str(found) if found and _YEARS[0] <= found.year <= _YEARS[1] else None
