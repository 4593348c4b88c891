"""Dates as people write them in sheets."""

import re
from datetime import date

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"(?:--)?(\d{1,2})[-/](\d{1,2})")


def parse_date(text: str) -> date:
    """`2026-11-22` or, as spreadsheets write it, `11/22/2026` (month first).

    Raises ValueError that says what is wrong.
    """
    found = _ISO.fullmatch(text.strip())
    if found:
        year, month, day = (int(part) for part in found.groups())
    else:
        found = _AMERICAN.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a date; write 2026-11-22 or 11/22/2026")
        month, day, year = (int(part) for part in found.groups())
        year += 2000 if year < 100 else 0
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None


def parse_birthday(text: str) -> tuple[int, int]:
    """Month and day of a birthday, with a year (`1990-03-14`, `3/14/1990`) or without
    (`03-14`, `3/14`). Raises ValueError that says what is wrong."""
    found = _MONTH_DAY.fullmatch(text.strip())
    if not found:
        birthday = parse_date(text)
        return birthday.month, birthday.day
    month, day = int(found[1]), int(found[2])
    try:
        date(2000, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None
    return month, day
