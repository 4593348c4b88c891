from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.clock import from_iso, iso, parse_at
from labtool.core.dates import parse_birthday, parse_date
from labtool.core.errors import UsageError


@given(st.dates(min_value=date(1900, 1, 1)))
def test_both_ways_of_writing_a_date(day: date) -> None:
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day.month}/{day.day}/{day.year}") == day
    assert parse_birthday(day.isoformat()) == (day.month, day.day)
    assert parse_birthday(f"{day.month}/{day.day}") == (day.month, day.day)
    assert parse_birthday(f"{day.month:02}-{day.day:02}") == (day.month, day.day)


@pytest.mark.parametrize("text", ["31/02", "2026-02-31", "13/45/2026", "tomorrow", "", "2026"])
def test_what_is_no_date_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a da"):
        parse_date(text)
    with pytest.raises(ValueError, match=r"is not a da"):
        parse_birthday(text)


def test_the_last_day_of_february_is_a_birthday() -> None:
    assert parse_birthday("02-29") == (2, 29)


def test_at_is_the_labs_time_unless_it_says_otherwise() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    assert iso(parse_at("2026-11-22", zone)) == "2026-11-22T08:00:00.000Z"
    assert iso(parse_at("2026-11-22T09:00", zone)) == "2026-11-22T17:00:00.000Z"
    assert iso(parse_at("2026-11-22T09:00Z", zone)) == "2026-11-22T09:00:00.000Z"
    assert from_iso("2026-11-22T09:00:00.000Z") == parse_at("2026-11-22T09:00Z", zone)
    with pytest.raises(UsageError, match="is not a time"):
        parse_at("noon", zone)
    with pytest.raises(UsageError, match="out of range"):
        parse_at("9999-12-31T23:59", zone)
