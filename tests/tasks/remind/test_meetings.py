"""Which days the lab meets, by its sheet and by what the sheet should have."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.tables import Row
from labtool.tasks.remind.meetings import Meeting, Meetings, Usual
from labtool.tasks.remind.when import parse

MONDAY = date(2026, 11, 23)


def row(day: date, code: str = "GM", presenters: str = "", note: str = "") -> Meeting:
    return Meeting(day, code, presenters, note, row=Row("meetings", 2, {}))


@pytest.mark.parametrize(
    ("text", "offset", "late_until"),
    [
        ("meeting day", 0, None),
        ("1 day before meeting", -1, MONDAY),
        ("3 days before meeting", -3, MONDAY),
        ("10 days after meeting", 10, None),
    ],
)
def test_rules_count_from_meetings(text: str, offset: int, late_until: date | None) -> None:
    meetings = Meetings.of([row(MONDAY)], Usual(weekday=0))
    due = MONDAY + timedelta(days=offset)
    occasion = parse(text).occasion(due, meetings)
    assert occasion
    assert occasion.period == "meeting-2026-11-23"
    assert occasion.meeting == meetings.on(MONDAY)
    assert occasion.late_until == late_until
    assert occasion.ends == max(due, MONDAY)
    assert parse(text).occasion(due + timedelta(days=1), meetings) is None


def test_a_week_without_a_row_has_an_expected_meeting() -> None:
    meetings = Meetings.of([row(MONDAY), row(MONDAY + timedelta(days=8))])
    later = MONDAY + timedelta(days=14)
    assert meetings.usual.weekday == 0
    assert meetings.on(MONDAY + timedelta(days=7)) is None  # the week has its row on Tuesday
    expected = meetings.on(later)
    assert expected
    assert expected.missing
    assert not expected.takes_place
    assert meetings.outdated(expected, later)


def test_the_weekday_is_that_of_the_latest_rows() -> None:
    old = [row(date(2018, 1, 1) + timedelta(weeks=n)) for n in range(400)]
    new = [row(date(2026, 1, 1) + timedelta(weeks=n)) for n in range(20)]
    assert Meetings.of(old).usual.weekday == 0
    assert Meetings.of(old + new).usual.weekday == 3
    assert Meetings.of(old, Usual(weekday=4)).usual.weekday == 4


def test_nothing_is_expected_of_an_empty_sheet() -> None:
    assert Meetings.of([]).upcoming(MONDAY) is None


@pytest.mark.parametrize(
    ("marked", "outdated"),
    [(-14, True), (-7, True), (-6, False), (0, False), (6, False), (7, True)],
)
def test_the_marked_row_must_be_of_this_week(marked: int, outdated: bool) -> None:
    as_of = MONDAY - timedelta(days=1)
    meetings = Meetings.of([row(MONDAY)], marked=as_of + timedelta(days=marked))
    meeting = meetings.on(MONDAY)
    assert meeting
    assert meetings.outdated(meeting, as_of) is outdated
    assert not meetings.outdated(meeting, as_of - timedelta(days=30)) or marked != 0


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=30, unique=True),
    st.integers(0, 6),
)
def test_every_week_has_its_rows_or_one_expected_meeting(days: list[date], weekday: int) -> None:
    meetings = Meetings.of(map(row, days), Usual(weekday=weekday))
    for week in range(1, 53):
        monday = date.fromisocalendar(2026, week, 1)
        found = meetings.between(monday, monday + timedelta(days=6))
        rows = sorted(d for d in days if d.isocalendar()[:2] == (2026, week))
        if rows:
            assert [m.date for m in found] == rows
        else:
            assert [(m.date.weekday(), m.missing) for m in found] == [(weekday, True)]
