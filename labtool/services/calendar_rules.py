"""Which events of a calendar can be worked with: a hostile or broken one could otherwise
recur for ever, or every second of a year.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

_TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
# So many times a day may an event be.
_MOST_A_DAY = 48
_LONGEST = timedelta(days=20 * 366)
_YEARS = range(1900, 9000)


def usable(component: Any, last: date) -> bool:
    """Whether a part of a calendar can be worked with up to the day `last`. What is no event
    is kept: it may be a time zone that events need. An event `for ever` ends after that day,
    and a rule without an end, or with a later one, does too: the rest is not looked at."""
    if component.name != "VEVENT":
        return True
    try:
        start = component["DTSTART"].dt
        if start.year not in _YEARS:
            return False
        _shorten(component, start, last)
        rules = component.get("RRULE") or []
        return all(_sensible(rule, start, last) for rule in _listed(rules))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return False


def _shorten(component: Any, start: date, last: date) -> None:
    if "DTEND" in component:
        end = component["DTEND"].dt
        if _day(end) > last + timedelta(days=2) and _day(start) <= last:
            component["DTEND"].dt = _like(start, last + timedelta(days=2))
    elif "DURATION" in component and component["DURATION"].dt > _LONGEST:
        raise ValueError("lasts too long")


def _sensible(rule: Any, start: date, last: date) -> bool:
    if any(str(frequency).upper() in _TOO_OFTEN for frequency in rule.get("FREQ", [])):
        return False
    if any(int(interval) < 1 for interval in _listed(rule.get("INTERVAL", [1]))):
        return False
    a_day = 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        a_day *= max(1, len(_listed(rule.get(key, [0]))))
    if a_day > _MOST_A_DAY:
        return False
    if "COUNT" not in rule:
        until = [moment for moment in _listed(rule.get("UNTIL", [])) if _day(moment) <= last]
        rule["UNTIL"] = until[:1] or [_like(start, last + timedelta(days=1))]
    return True


def _like(start: date, day: date) -> date:
    """A day as the kind of moment that an event's start is; RFC 5545 wants UTC for one with a
    zone."""
    if not isinstance(start, datetime):
        return day
    return datetime.combine(day, time(), UTC if start.tzinfo else None)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]
