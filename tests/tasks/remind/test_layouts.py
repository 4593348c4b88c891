"""Sheets as people write them, right and wrong."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.tables import Grid
from labtool.tasks.remind.layouts import daslab, plain
from labtool.tasks.remind.meetings import Usual
from labtool.tasks.remind.section import Remind
from tests.tasks.remind.invented import grid, lab

TYPES = Remind().types


def test_plain_columns_stand_in_any_order_and_case() -> None:
    sheet, problems = plain.meetings(
        grid("meetings", "Presenters,  TYPE,colour,Date\nAnn / Bob,jc,red,2026-11-23\n"), TYPES
    )
    assert problems == []
    (meeting,) = sheet.meetings
    assert (meeting.date, meeting.code, meeting.presenters) == (
        date(2026, 11, 23),
        "JC",
        "Ann / Bob",
    )
    assert meeting.row
    assert meeting.row["colour"] == "red"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("2026-02-31,GM,Ann", "meetings:2:date: '2026-02-31' is not a day of the calendar"),
        ("31/02/2026,GM,Ann", "meetings:2:date: '31/02/2026' is not a day of the calendar"),
        ("soon,GM,Ann", "meetings:2:date: 'soon' is not a date; write 2026-11-22 or 11/22/2026"),
        (",GM,Ann", "meetings:2:date: is empty; write a date"),
        ("2026-11-23,,Ann", "meetings:2:type: is empty; write one of GM, JC"),
        ("2026-11-23,GMM,Ann", "meetings:2:type: 'GMM' is not a known type; did you mean GM?"),
        ("2026-11-23,GM,\n2026-11-23,JC,", "meetings:3:date: 2026-11-23 stands in row 2 already"),
        ("2026-11-23,GM,\n11/23/2026,JC,", "meetings:3:date: 2026-11-23 stands in row 2 already"),
        ("", "meetings:1: the sheet is empty (meetings.csv)"),
    ],
)
def test_bad_rows_are_named_and_the_others_go_on(rows: str, expected: str) -> None:
    good = "2026-12-07,GM,Ann" if rows else ""
    sheet, problems = plain.meetings(
        grid("meetings", f"date,type,presenters\n{rows}\n{good}"), TYPES
    )
    (problem,) = problems
    assert str(problem).startswith(expected)
    assert (date(2026, 12, 7) in [m.date for m in sheet.meetings]) == bool(good)


def test_a_row_with_only_a_date_is_not_planned_yet() -> None:
    sheet, problems = plain.meetings(grid("meetings", "date,type,presenters\n2026-11-23,,"), TYPES)
    assert (sheet.meetings, problems) == ((), [])


def test_duties_that_stand_twice_or_have_no_name() -> None:
    duties, problems = plain.duties(
        grid("duties", "task,main,backup\nBreakfast,Ann,\n,Bob,\nbreakfast,Bob,\nAWS,,\n")
    )
    assert [duty.task for duty in duties] == ["Breakfast", "AWS"]
    assert [p.where for p in problems] == ["duties:3:task", "duties:4:task"]


def test_absences() -> None:
    rows, problems = plain.absences(
        grid(
            "absences",
            "person,from,to,reason\nAnn,2026-11-01,,\nBob,2026-11-09,2026-11-01,\n"
            ",2026-11-01,,\nCarla,1.11.26,,\nCarla,2026-11-01,2026-11-31,\n",
        )
    )
    assert [(r.person, r.first, r.last) for r in rows] == [
        ("Ann", date(2026, 11, 1), date(2026, 11, 1))
    ]
    assert [p.where for p in problems] == [
        "absences:3:to", "absences:4:person", "absences:5:from", "absences:6:to"
    ]  # fmt: skip
    assert plain.absences(grid("absences", "person,from,to,reason"))[1] == []


DASLAB_MEETINGS = """
,,,,,Monday @ 9:00 AM - 10:30 AM @ Room 5,
,11/16/2026,GM,Ann / Bob,,,
,11/23/2026,JC,Carla,,a paper,[THIS WEEK]
,11/30/2026,N/A,,,Holiday,
,12/7/2026,,,,,
,13/7/2026,GM,Ann,,,
"""


def test_daslab_meetings() -> None:
    sheet, problems = daslab.meetings(grid("meetings", DASLAB_MEETINGS), TYPES)
    assert sheet.usual == Usual(0, "9:00 AM", "10:30 AM", "Room 5")
    assert sheet.marked == date(2026, 11, 23)
    assert [(m.date.day, m.code, m.presenters, m.note) for m in sheet.meetings] == [
        (16, "GM", "Ann / Bob", ""), (23, "JC", "Carla", "a paper"), (30, "N/A", "", "Holiday"),
    ]  # fmt: skip
    assert [p.where for p in problems] == ["meetings:6:date"]


def test_the_first_row_says_what_is_usual() -> None:
    data, _ = lab(meetings=DASLAB_MEETINGS, layout="daslab")
    meeting = data.meetings.on(date(2026, 11, 16))
    assert meeting
    assert (meeting.start, meeting.end, meeting.place) == ("9:00 AM", "10:30 AM", "Room 5")


@pytest.mark.parametrize("cell", ["", "Mondays", "Someday @ 9 - 10 @ x", "Monday 9-10 Room", "@@@"])
def test_a_daslab_sheet_whose_first_row_is_wrong_still_has_meetings(cell: str) -> None:
    sheet, problems = daslab.meetings(
        grid("meetings", f",,,,,{cell},x\n,11/23/2026,GM,Ann,,,"), TYPES
    )
    assert len(sheet.meetings) == 1
    assert [p.where for p in problems] == ["meetings:1:6"]
    assert "Monday @ 9:00 AM - 10:30 AM @ Room 5" in problems[0].fix


def test_two_rows_marked_as_this_week() -> None:
    text = ",,,,,Mon @ 9 - 10 @ x,\n,11/23/2026,GM,,,,[THIS WEEK]\n,11/30/2026,GM,,,,[this week]"
    sheet, problems = daslab.meetings(grid("meetings", text), TYPES)
    assert sheet.marked == date(2026, 11, 23)
    assert [p.where for p in problems] == ["meetings:3:marker"]


@pytest.mark.parametrize("header", ["", "Task,Interval,Main,Backup\n"])
def test_daslab_duties_end_at_the_first_empty_row(header: str) -> None:
    duties, problems = daslab.duties(
        grid("duties", f"{header}Breakfast,weekly,Ann,Bob\nAWS,monthly,,Bob\n,,,\nNot a duty,,,\n")
    )
    assert [(d.task, d.interval, d.main, d.backup) for d in duties] == [
        ("Breakfast", "weekly", "Ann", "Bob"),
        ("AWS", "monthly", "", "Bob"),
    ]
    assert problems == []


CELLS = st.text(max_size=30) | st.sampled_from(
    ["2026-11-23", "11/23/2026", "GM", "N/A", "Ann / Bob", "[THIS WEEK]", "task", "date", "\ue000"]
)


@given(st.lists(st.lists(CELLS, max_size=9).map(tuple), max_size=12).map(tuple))
def test_no_sheet_stops_the_reading(cells: tuple[tuple[str, ...], ...]) -> None:
    sheet = Grid("sheet", "sheet.csv", cells, datetime(2026, 1, 1, tzinfo=UTC))
    for layout in (plain, daslab):
        layout.duties(sheet)
        read, _ = layout.meetings(sheet, TYPES)
        dates = [meeting.date for meeting in read.meetings]
        assert len(dates) == len(set(dates))
        assert not any("\ue000" in meeting.presenters + meeting.note for meeting in read.meetings)
    plain.absences(sheet)


def test_a_huge_cell_is_cut() -> None:
    text = f"date,type,presenters,note\n2026-11-23,GM,{'Ann / ' * 100_000},{'x' * 100_000}\n"
    sheet, _ = plain.meetings(
        grid("meetings", text.replace("Ann / " * 100_000, "Ann / " * 20_000)), TYPES
    )
    (meeting,) = sheet.meetings
    assert len(meeting.presenters) <= 5000
    assert len(meeting.note) <= 300
