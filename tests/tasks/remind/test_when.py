"""When rules fire, against calendars computed in another way."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import FR, MO, MONTHLY, TU, WEEKLY, YEARLY, rrule
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from labtool.tasks.remind.meetings import Meetings
from labtool.tasks.remind.when import parse

FIRST, LAST = date(2024, 1, 1), date(2033, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def calendar(freq: int, **rule: object) -> list[date]:
    start, end = datetime.combine(FIRST, time()), datetime.combine(LAST, time())
    return [moment.date() for moment in rrule(freq, dtstart=start, until=end, **rule)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("daily", DAYS),
        ("weekly fri", calendar(WEEKLY, byweekday=FR)),
        ("Weekly  FRIDAY", calendar(WEEKLY, byweekday=FR)),
        ("monthly 15", calendar(MONTHLY, bymonthday=15)),
        ("monthly 31", calendar(MONTHLY, bymonthday=-1)),
        ("yearly 03-01", calendar(YEARLY, bymonth=3, bymonthday=1)),
        ("yearly 2-29", calendar(YEARLY, bymonth=2, bymonthday=-1)),
        ("first week of month, mon", calendar(MONTHLY, byweekday=MO(1))),
        (
            "first week of quarter, tuesday",
            calendar(MONTHLY, byweekday=TU(1), bymonth=(1, 4, 7, 10)),
        ),
    ],
)
def test_fires_on_the_days_of_the_calendar(text: str, expected: list[date]) -> None:
    timing = parse(text)
    found = {day: occasion for day in DAYS if (occasion := timing.occasion(day, Meetings()))}
    assert list(found) == expected
    periods = [occasion.period for occasion in found.values()]
    assert len(set(periods)) == len(periods)
    assert all(occasion.ends >= day for day, occasion in found.items())


@pytest.mark.parametrize(
    ("text", "day", "period", "ends"),
    [
        ("weekly mon", date(2026, 12, 28), "2026-W53", date(2027, 1, 3)),
        ("weekly fri", date(2027, 1, 1), "2026-W53", date(2027, 1, 3)),
        ("monthly 2", date(2026, 11, 2), "2026-11", date(2026, 11, 30)),
        ("yearly 12-31", date(2026, 12, 31), "2026", date(2026, 12, 31)),
        ("first week of month, sun", date(2026, 11, 1), "2026-11", date(2026, 11, 30)),
        ("first week of quarter, thu", date(2026, 10, 1), "2026-Q4", date(2026, 12, 31)),
        ("daily", date(2026, 10, 1), "2026-10-01", date(2026, 10, 1)),
    ],
)
def test_the_period_and_its_last_day(text: str, day: date, period: str, ends: date) -> None:
    occasion = parse(text).occasion(day, Meetings())
    assert occasion
    assert (occasion.period, occasion.ends) == (period, ends)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(range(1, 32)))
def test_no_day_of_a_period_is_after_its_end(day: date, number: int) -> None:
    for text in ("weekly wed", f"monthly {number}", "yearly 06-30", "first week of quarter, sat"):
        timing = parse(text)
        found = [
            (later, occasion)
            for n in range(370)
            if (occasion := timing.occasion(later := day + timedelta(days=n), Meetings()))
        ]
        for earlier, first in found:
            again = [later for later, other in found if other.period == first.period]
            assert again == [earlier]
            assert earlier <= first.ends


@pytest.mark.parametrize(
    "text",
    [
        "", "fortnightly", "weekly", "weekly someday", "monthly 0", "monthly 32", "yearly 02-30",
        "yearly 13-01", "first week of year, mon", "61 days before meeting",
        "-1 days before meeting",
        "3 days before christmas", "meeting", "daily daily", "weekly mon\n; rm",
    ],
)  # fmt: skip
def test_other_words_are_mistakes(text: str) -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse(text)
    assert "write" in str(raised.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(PydanticCustomError):
        parse(text).occasion(date(2026, 1, 1), Meetings())
