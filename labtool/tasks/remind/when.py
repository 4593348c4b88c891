"""`when:` of a rule: on which days it fires, and for which period.

A period (a week, a month, one meeting) is what a rule is said once for; its name is part of
the message's key, so that moving the rule within the period does not say it again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Protocol

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from labtool.core.config.types import WEEKDAYS, mistake
from labtool.tasks.remind.meetings import Meeting, Meetings

_MAX_DAYS = 60


@dataclass(frozen=True, slots=True)
class Occasion:
    """One firing of a rule.

    `ends` is the last day of the period; `late_until` the last day on which saying it still
    makes sense (None: as long as missed days are caught up); `meeting` the meeting that
    `when` counted from.
    """

    period: str
    ends: date
    late_until: date | None = None
    meeting: Meeting | None = None


class Pattern(Protocol):
    """One way of recurring."""

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """What the pattern means on a day; None when it does not fire."""


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day."""

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the day, and it is not said on a later one."""
        del meetings
        return Occasion(day.isoformat(), day, late_until=day)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on a weekday (Monday is 0)."""

    weekday: int

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the ISO week."""
        del meetings
        if day.weekday() != self.weekday:
            return None
        year, week, weekday = day.isocalendar()
        return Occasion(f"{year}-W{week:02}", day + timedelta(days=7 - weekday))


@dataclass(frozen=True, slots=True)
class Monthly:
    """Every month on a day, or on the last one of a month that is shorter."""

    day: int

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the month."""
        del meetings
        last = _last_of_month(day.year, day.month)
        if day.day != min(self.day, last.day):
            return None
        return Occasion(f"{day:%Y-%m}", last)


@dataclass(frozen=True, slots=True)
class Yearly:
    """Every year on a date; 29 February is 28 February in other years."""

    month: int
    day: int

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the year."""
        del meetings
        last = _last_of_month(day.year, self.month).day
        if (day.month, day.day) != (self.month, min(self.day, last)):
            return None
        return Occasion(str(day.year), date(day.year, 12, 31))


@dataclass(frozen=True, slots=True)
class FirstWeek:
    """The first such weekday of every month or quarter."""

    months: int
    weekday: int

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the month or quarter."""
        del meetings
        if day.weekday() != self.weekday or day.day > 7 or (day.month - 1) % self.months:
            return None
        last = _last_of_month(day.year, day.month + self.months - 1)
        quarter = f"{day.year}-Q{(day.month + 2) // 3}"
        return Occasion(quarter if self.months == 3 else f"{day:%Y-%m}", last)


@dataclass(frozen=True, slots=True)
class AroundMeeting:
    """So many days after each meeting; before it, if negative."""

    days: int

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """Its period is the meeting; what comes before a meeting makes no sense after it."""
        try:
            meeting = meetings.on(day - timedelta(days=self.days))
        except OverflowError:
            return None
        if meeting is None:
            return None
        ends = max(day, meeting.date)
        late_until = meeting.date if self.days < 0 else None
        return Occasion(f"meeting-{meeting.date}", ends, late_until, meeting)


@dataclass(frozen=True, slots=True)
class Timing:
    """A `when:` as it was written, and what it means."""

    text: str
    pattern: Pattern

    def __str__(self) -> str:
        return self.text

    @property
    def around_meeting(self) -> bool:
        """Whether it counts from meetings."""
        return isinstance(self.pattern, AroundMeeting)

    def occasion(self, day: date, meetings: Meetings) -> Occasion | None:
        """What the rule is to say on a day; None when it does not fire."""
        return self.pattern.occasion(day, meetings)


def parse(text: str) -> Timing:
    """A `when:` from its words. Raises the mistake that a validator reports."""
    words = " ".join(text.casefold().replace(",", " ").split())
    for form, build in _FORMS:
        found = form.fullmatch(words)
        if found:
            return Timing(text.strip(), build(*found.groups()))
    raise mistake(f"{text!r} is not a time that labtool knows", f"write one of: {_EXAMPLES}")


def _last_of_month(year: int, month: int) -> date:
    if month == 12:
        return date(year, 12, 31)
    return date(year, month + 1, 1) - timedelta(days=1)


def _weekday(word: str) -> int:
    return next(n for n, name in enumerate(WEEKDAYS) if word in (name, name[:3]))


def _day_of_month(text: str) -> Monthly:
    if not 1 <= int(text) <= 31:
        raise mistake(f"no month has a day {text}", "write monthly 1 to monthly 31")
    return Monthly(int(text))


def _day_of_year(month: str, day: str) -> Yearly:
    try:
        date(2000, int(month), int(day))
    except ValueError:
        raise mistake(
            f"{month}-{day} is not a day of the calendar", "write month and day, as in yearly 03-01"
        ) from None
    return Yearly(int(month), int(day))


def _around(text: str, direction: str) -> AroundMeeting:
    if int(text) > _MAX_DAYS:
        raise mistake(f"{text} days are too many", f"write at most {_MAX_DAYS}")
    return AroundMeeting(-int(text) if direction == "before" else int(text))


def _first_week(period: str, weekday: str) -> FirstWeek:
    return FirstWeek(3 if period == "quarter" else 1, _weekday(weekday))


_NAMES = "|".join(word for name in WEEKDAYS for word in (name, name[:3]))
_FORMS: list[tuple[re.Pattern[str], Callable[..., Pattern]]] = [
    (re.compile(r"daily"), Daily),
    (re.compile(rf"weekly ({_NAMES})"), lambda weekday: Weekly(_weekday(weekday))),
    (re.compile(r"monthly (\d{1,2})"), _day_of_month),
    (re.compile(r"yearly (\d{1,2})-(\d{1,2})"), _day_of_year),
    (re.compile(rf"first week of (month|quarter) ({_NAMES})"), _first_week),
    (re.compile(r"meeting day"), lambda: AroundMeeting(0)),
    (re.compile(r"(\d{1,4}) days? (before|after) meeting"), _around),
]
_EXAMPLES = (
    "daily; weekly mon; monthly 15; yearly 03-01; first week of month, mon; "
    "first week of quarter, tue; meeting day; 3 days before meeting; 1 day after meeting"
)


def _validate(value: Any) -> Timing:
    return value if isinstance(value, Timing) else parse(str(value))


When = Annotated[
    Timing,
    PlainValidator(_validate),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "description": _EXAMPLES, "examples": _EXAMPLES.split("; ")}),
]
