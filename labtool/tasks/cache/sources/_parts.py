"""An answer of many parts, some of which failed: told once for each sort of error, in words
that stay the same while the parts change.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.errors import AccessDenied, LabtoolError, Temporary
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


def limited(error: Temporary, now: datetime, zone: ZoneInfo) -> Temporary:
    """A vendor's limit, and until when it lasts where that is longer than a moment."""
    wait = error.retry_after
    if wait is not None and wait > MOMENT and "until" not in error.what:
        again = (now + timedelta(seconds=min(wait, _DAY))).astimezone(zone)
        error.what += f", and wants to be left alone until {again:%H:%M}"
    return error


class Asking:
    """Asking a vendor for many parts, one after the other, as far as it lets us. A part that
    fails costs itself alone; `is_over` where the others would meet the same."""

    def __init__(self, question: Question, where: str) -> None:
        self.is_over = False
        self._question, self._where = question, where
        self._errors: dict[str, LabtoolError] = {}
        self._limit: Temporary | None = None
        self._answered = False

    @contextmanager
    def for_part(self, name: str) -> Iterator[None]:
        """Ask for one. Raises what is wrong with the credentials, and a limit that is met before
        there was any answer."""
        try:
            yield
        except Temporary as error:
            if error.code not in ("ratelimited", "late"):
                self._errors[name] = error
                return
            if not self._answered:
                raise
            self.is_over = True
            if (error.retry_after or 0) > MOMENT:
                self._limit = limited(
                    error, self._question.now, self._question.config.core.lab.timezone
                )
        except AccessDenied:
            raise
        except LabtoolError as error:
            self._errors[name] = error
        else:
            self._answered = True

    def problems(self) -> tuple[LabtoolError, ...]:
        """What is to be told beside the answer. Raises where there was none."""
        if self._errors and not self._answered:
            raise self._errors[min(self._errors)]
        return (*told(self._where, self._errors), *([self._limit] if self._limit else []))
