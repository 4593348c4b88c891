from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.ptg.timetable import timetable, today
from tests.tasks.ptg.event import DENVER, NOW, document


def test_a_day_named_after_a_weekday_is_this_weeks() -> None:
    monday, tuesday, _ = days = timetable(document()["slots"], DENVER, NOW)
    assert (monday.date, tuesday.date) == (date(2026, 11, 23), date(2026, 11, 24))
    assert today(days, DENVER, NOW) == tuesday
    [on] = [slot for slot in tuesday.slots if slot.is_on(NOW)]
    assert on.name == "TueA1"
    assert on.start == datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert on.end == on.start + timedelta(minutes=105)


def test_realtime_tells_the_day_when_all_slots_have_it() -> None:
    slots = {
        "Day one": [
            {"name": "a", "realtime": "2026-06-01T09:00Z", "duration": 30},
            {"name": "b", "realtime": "2026-06-01T10:00:00Z"},
            {"name": "c", "realtime": "2026-06-01T12:00:00+02:00", "desc": "12:00-12:45"},
            {"name": "d", "realtime": "2026-06-01T20:00", "duration": "90"},
        ]
    }
    [day] = timetable(slots, ZoneInfo("UTC"), NOW)
    assert day.date == date(2026, 6, 1)
    lengths = [(slot.end - slot.start).seconds / 60 for slot in day.slots if slot.start]
    assert lengths == [30, 60, 45, 90]


def test_one_realtime_of_another_year_does_not_move_a_day() -> None:
    """The example that the format's authors ship has just one."""
    slots = document()["slots"]
    slots["Tuesday"][0]["realtime"] = "2020-06-02T09:00:00Z"
    assert timetable(slots, DENVER, NOW)[1].date == date(2026, 11, 24)


def test_a_date_in_the_name() -> None:
    slots = {"Workshop 2026-03-01": [{"name": "x", "desc": "9:00"}], "Other": [{"name": "y"}]}
    first, other = timetable(slots, DENVER, NOW)
    assert first.date == date(2026, 3, 1)
    assert first.slots[0].start == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert (other.date, other.slots[0].start) == (None, None)


@pytest.mark.parametrize(
    ("desc", "minutes"),
    [("09:00-10:45", 105), ("9.00 \u2013 9.30", 30), ("23:00-01:00", 120), ("9:00", 60), ("x", 60)],
)
def test_how_long_a_slot_is(desc: str, minutes: int) -> None:
    slots = {"d": [{"name": "x", "desc": desc, "realtime": "2026-06-01T09:00Z"}]}
    [slot] = timetable(slots, DENVER, NOW)[0].slots
    assert slot.start is not None
    assert slot.end == slot.start + timedelta(minutes=minutes)


_entry = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=5)},
    optional={
        "desc": st.text(max_size=12) | st.just("99:99-10:00") | st.none(),
        "realtime": st.text(max_size=20) | st.just("0001-01-01T00:00:00+23:59") | st.none(),
        "duration": st.floats() | st.text(max_size=5) | st.none(),
    },
)


@given(st.dictionaries(st.text(max_size=12), st.lists(_entry, max_size=4), max_size=4))
def test_odd_slots_are_shown_without_a_time(slots: dict[str, list[dict[str, object]]]) -> None:
    for day in timetable(slots, DENVER, NOW):
        for slot in day.slots:
            assert (slot.start is None) == (slot.end is None)
            assert slot.start is None or slot.end is None or slot.end > slot.start
            slot.shifted(10).is_on(NOW)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_time_are_no_time(at: str) -> None:
    slots = {"Tuesday": [{"name": "x", "realtime": at, "desc": "09:00-10:00"}]}
    [slot] = timetable(slots, DENVER, NOW)[0].slots
    assert slot.start == datetime(2026, 11, 24, 16, tzinfo=UTC)
    slot.shifted(10_080)


def test_an_evening_that_goes_on_is_still_its_day() -> None:
    late = {"name": "party", "desc": "22:00-02:00"}
    slots = {"Tuesday": [late], "Wednesday": [{"name": "talk", "desc": "09:00-10:00"}]}
    after_midnight = datetime(2026, 11, 25, 0, 30, tzinfo=DENVER)
    days = timetable(slots, DENVER, after_midnight)
    assert today(days, DENVER, after_midnight) == days[0]
    assert today(days, DENVER, after_midnight + timedelta(hours=2)) == days[1]
