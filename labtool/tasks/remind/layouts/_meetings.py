"""Rows of meetings, checked in the same way whatever the layout."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from labtool.core.dates import parse_date
from labtool.core.errors import Problem
from labtool.core.tables import Row
from labtool.core.text import clean, one_line
from labtool.tasks.remind.meetings import Meeting, Usual
from labtool.tasks.remind.words import is_time

Types = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MeetingsSheet:
    """What a meetings sheet says: `usual` holds for all of it, and `marked` is the date of
    the row that it marks as this week's."""

    meetings: tuple[Meeting, ...] = ()
    usual: Usual = field(default_factory=Usual)
    marked: date | None = None


def read_meetings(rows: Iterable[Row], types: Types) -> tuple[list[Meeting], list[Problem]]:
    """Meetings from rows with the columns date, type, presenters, note, start, end, place.

    A row that has only a date is not planned yet and says nothing.
    """
    meetings: dict[date, Meeting] = {}
    problems: list[Problem] = []
    codes = {code.casefold(): code for code in types}
    for row in rows:
        meeting = _meeting(row, codes, problems)
        if meeting is None:
            continue
        first = meetings.setdefault(meeting.date, meeting)
        if first is not meeting:
            what = f"{meeting.date} stands in row {first.row.number if first.row else '?'} already"
            problems.append(Problem(row.at("date"), what, "remove one of the two"))
    return list(meetings.values()), problems


def _meeting(row: Row, codes: Mapping[str, str], problems: list[Problem]) -> Meeting | None:
    said = row["type"] or row["presenters"] or row["note"]
    if not row["date"]:
        if said:
            problems.append(Problem(row.at("date"), "is empty", "write a date such as 2026-11-23"))
        return None
    try:
        day = parse_date(row["date"])
    except ValueError as error:
        what, _, fix = one_line(str(error), 160).partition("; ")
        problems.append(Problem(row.at("date"), what, fix or "write a date such as 2026-11-23"))
        return None
    if not said:
        return None
    problems += [
        Problem(row.at(column), f"{row[column]!r} is not a time of day", "write 9:30 or 14:00")
        for column in ("start", "end")
        if not is_time(row[column])
    ]
    return Meeting(
        date=day,
        code=_code(row, codes, problems),
        presenters=row["presenters"],
        note=one_line(row["note"]),
        start=one_line(row["start"], 40),
        end=one_line(row["end"], 40),
        place=one_line(row["place"], 120),
        row=row,
    )


def _code(row: Row, codes: Mapping[str, str], problems: list[Problem]) -> str:
    written = one_line(row["type"], 60)
    code = codes.get(written.casefold())
    if code is not None:
        return code
    choices = ", ".join(codes.values())
    if not written:
        problems.append(Problem(row.at("type"), "is empty", f"write one of {choices}"))
        return ""
    near = get_close_matches(written.casefold(), codes, n=1)
    fix = f"did you mean {codes[near[0]]}?" if near else f"write one of {choices}"
    problems.append(Problem(row.at("type"), f"{written!r} is not a known type", fix))
    return written


def cleaned(cell: str) -> str:
    """A cell without what a terminal or a channel would act on, of bounded length."""
    return clean(cell[:5000]).strip()
