"""Times that people say."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.times import span

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("begins", "ends", "day", "hours"),
    [
        ("tomorrow 8:00", "tomorrow 9:00", 26, 1),
        ("tomorrow 8:00", "9:00", 26, 1),
        ("18:00", "tomorrow 9:00", 25, 15),
        ("18:00", "9:00", 25, 15),
        ("8:00", "9:00", 26, 1),
        ("now", "tomorrow 9:00", 25, 21),
        ("2026-12-24T18:00", "20:00", 24, 2),
    ],
)
def test_from_and_to(begins: str, ends: str, day: int, hours: int) -> None:
    start, end = span(begins, ends, NOW)
    assert (start.day, end - start) == (day, timedelta(hours=hours))


def test_an_end_that_is_no_end() -> None:
    for begins, ends in (("2026-12-24T18:00", "tomorrow 9:00"), ("tomorrow 9:00", "tomorrow 8:00")):
        with pytest.raises(ValueError, match="is not after"):
            span(begins, ends, NOW)


CLOCKS = st.times().map(lambda at: f"{at.hour}:{at.minute:02}")


@given(CLOCKS, CLOCKS, st.sampled_from(["", "tomorrow "]), st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 1, 1)))  # fmt: skip
def test_a_clock_s_time_is_the_next_one(begins: str, ends: str, word: str, now: datetime) -> None:
    if begins == ends:
        return
    start, end = span(word + begins, ends, now.replace(tzinfo=ZONE))
    assert timedelta(0) < end.replace(tzinfo=None) - start.replace(tzinfo=None) < timedelta(days=1)
