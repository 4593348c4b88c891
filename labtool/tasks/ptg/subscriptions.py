"""Which subscriptions a topic matches: regular expressions from people, matched in linear
time by RE2, which tries only those whose words occur in the topic at all.
"""

from typing import Any

import re2

_LONGEST = 200
_MEMORY = 1 << 20
# RE2's instructions. A match takes time in proportion to them.
_LARGEST = 600
# So many that changed are matched one by one before the filter of all is made anew.
_LOOSE = 50


def why_not(pattern: str) -> str:
    """Why a regular expression cannot be subscribed to; empty if it can."""
    if len(pattern) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    try:
        if _compile(pattern).programsize > _LARGEST:
            return "it is too large; repeat fewer times"
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return _in_words(text)
    return ""


class Subscriptions:
    """Who wants to hear of what."""

    def __init__(self, patterns: dict[str, str | None]) -> None:
        self._patterns = {
            who: pattern for who, pattern in patterns.items() if pattern and not why_not(pattern)
        }
        self._filter: re2.Filter | None = None
        self._order: list[str] = []
        # Those that changed since the filter was made, with None for who is gone.
        self._loose: dict[str, Any] = {}

    def put(self, who: str, pattern: str | None) -> None:
        """Somebody wants to hear of this from now on, or of nothing."""
        wanted = pattern if pattern and not why_not(pattern) else None
        if wanted:
            self._patterns[who] = wanted
        else:
            self._patterns.pop(who, None)
        self._loose[who] = _compile(wanted) if wanted else None

    def matching(self, text: str) -> list[str]:
        """Who wants to hear of this text."""
        if self._filter is None or len(self._loose) > _LOOSE:
            self._rebuild()
        numbers = self._filter.Match(text) if self._filter and self._order else None
        found = [self._order[number] for number in numbers or ()]
        found = [who for who in found if who not in self._loose]
        return found + [who for who, one in self._loose.items() if one and one.search(text)]

    def _rebuild(self) -> None:
        self._order, self._loose = list(self._patterns), {}
        self._filter = re2.Filter()
        for who in self._order:
            self._filter.Add(self._patterns[who], _options())
        if self._order:
            self._filter.Compile()


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


def _compile(pattern: str) -> Any:
    return re2.compile(pattern, _options())


def _in_words(reason: str) -> str:
    if "perl operator" in reason:
        return "it looks ahead or behind, which is not possible here"
    if "invalid escape" in reason:
        return f"{reason} (references back to a group are not possible here)"
    if "too large" in reason or "repetition size" in reason:
        return "it is too large; repeat fewer times"
    return reason
