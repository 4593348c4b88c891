"""Days and names in the words of a message."""

import re
from datetime import date, timedelta
from typing import Any

from labtool.core import text
from labtool.core.people import Person

_CLOCK = re.compile(r"(\d{1,4})[:.](\d{2})\b")


def long_date(day: date) -> str:
    """`Monday 23 November`."""
    return f"{day:%A} {day.day} {day:%B}"


def short_date(day: date) -> str:
    """`23 Nov`."""
    return f"{day.day} {day:%b}"


def when_word(day: date, today: date) -> str:
    """A day as people say it: today, tomorrow, yesterday or its date; with its year where
    that is not near."""
    distance = (day - today).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(distance)
    if near:
        return near
    year = f" {day.year}" if abs(distance) > 180 else ""
    return f"on {long_date(day)}{year}"


def mention(who: Person | str) -> str:
    """A mention; the bare name of somebody who is not among the lab's people."""
    if isinstance(who, Person):
        return text.mention(who.key, who.name) if who.key else text.clean(who.name)
    return text.clean(who)


def join(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def days(count: int) -> timedelta:
    """So many days, to add to a date or to take from it."""
    return timedelta(days=count)


FILTERS: dict[str, Any] = {
    "date": long_date,
    "short": short_date,
    "weekday": lambda day: f"{day:%A}",
    "iso": lambda day: day.isoformat(),
    "names": lambda people: join([person.name for person in people]),
    "mentions": lambda people: join([mention(person) for person in people]),
}


def is_time(text: str) -> bool:
    """Whether it may be a time of day: what looks like one and cannot be is refused."""
    found = _CLOCK.match(text)
    return found is None or (int(found[1]) < 24 and int(found[2]) < 60)
