"""Times that people say. Pure."""

import re
from datetime import datetime, timedelta

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def instant(said: str, now: datetime) -> datetime:
    """What is meant at `now`, which has the lab's zone: `now`, `18:00` (the next one), `tomorrow
    9:00`, or ISO 8601. Raises ValueError for anything else."""
    text = " ".join(said.casefold().split())
    if text == "now":
        return now
    day, tomorrow = now.date(), text.startswith("tomorrow ")
    found = _CLOCK.fullmatch(text.removeprefix("tomorrow "))
    if found:
        day += timedelta(days=1) if tomorrow else timedelta(0)
        at = datetime(day.year, day.month, day.day, int(found[1]), int(found[2]), tzinfo=now.tzinfo)
        return at if tomorrow or at >= now else at + timedelta(days=1)
    try:
        at = datetime.fromisoformat(said.strip())
    except ValueError:
        raise ValueError(
            f"{said.strip()[:50]!r} is no time; write 18:00, tomorrow 9:00 or 2026-11-25T18:00"
        ) from None
    if not 1970 <= at.year <= 9000:
        raise ValueError("that year is out of range")
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def span(begins: str, ends: str, now: datetime) -> tuple[datetime, datetime]:
    """From when until when: an end that is a clock's time alone is the next one after the
    beginning, and `tomorrow` is the day after today for both. Raises ValueError."""
    start = instant(begins, now)
    clock = _CLOCK.fullmatch(ends.strip())
    end = instant(ends, max(start, now) if clock else now)
    if end <= start:
        raise ValueError(f"{ends.strip()[:50]} is not after {begins.strip()[:50]}")
    return start, end
