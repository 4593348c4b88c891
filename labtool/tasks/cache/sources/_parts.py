"""An answer of many parts, some of which failed: told once for each sort of error, in words
that stay the same while the parts change.
"""

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta

from labtool.core.errors import LabtoolError, Temporary
from labtool.core.text import one_line
from labtool.tasks.cache.sources._base import Question

# Seconds. A shorter wait is how a vendor paces who asks for much: the next refresh goes on.
MOMENT = 60.0
_DAY = 86400.0
_NAMED = 3


def told(where: str, errors: Mapping[str, LabtoolError]) -> tuple[LabtoolError, ...]:
    """What went wrong with parts, by their names: one error for each sort of it."""
    sorts: dict[tuple[str, str], list[str]] = {}
    for name in sorted(errors):
        error = errors[name]
        sorts.setdefault((type(error).__name__, error.code), []).append(name)
    return tuple(_one(where, names, errors[names[0]]) for _, names in sorted(sorts.items()))


def _one(where: str, names: list[str], first: LabtoolError) -> LabtoolError:
    shown = ", ".join(one_line(name, 100) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    error = copy(first)
    # The place tells one error from another: it must not change with the parts.
    error.where, error.what = where, f"{shown}{more}: {first.what}"
    error.code = f"parts_{first.code}"
    return error


def limited(error: Temporary, question: Question) -> Temporary:
    """A vendor's limit, and until when it lasts where that is longer than a moment."""
    wait = error.retry_after
    if wait is not None and wait > MOMENT and "until" not in error.what:
        again: datetime = question.now + timedelta(seconds=min(wait, _DAY))
        zone = question.config.core.lab.timezone
        error.what += f", and wants to be left alone until {again.astimezone(zone):%H:%M}"
    return error
