"""The daslab layout: columns by position.

duties: task, interval, main, backup, from the top down to the first empty row; a header row
is passed over. meetings: the sixth cell of the first row says what is usual, as `Weekday @
start - end @ place`; below it, date (m/d/Y) in the second column, type code in the third,
presenters in the fourth, a note in the sixth, and `[THIS WEEK]` in the seventh of the
current row.
"""

import re

from pydantic_core import PydanticCustomError

from labtool.core.config.types import parse_weekday
from labtool.core.errors import Problem
from labtool.core.people import fold
from labtool.core.tables import Grid, Row
from labtool.core.text import one_line
from labtool.tasks.remind.data import Duty
from labtool.tasks.remind.layouts._meetings import MeetingsSheet, Types, cleaned, read_meetings
from labtool.tasks.remind.layouts.plain import unique_duties
from labtool.tasks.remind.meetings import Usual

_DUTIES = {"task": 0, "interval": 1, "main": 2, "backup": 3, "note": 4}
_MEETINGS = {"date": 1, "type": 2, "presenters": 3, "note": 5, "marker": 6}
_HEADER_WORDS = frozenset({"task", "tasks", "duty", "duties", "job", "responsibility"})
_DASH = r"(?:\s-\s|[-\u2013\u2014])"
_USUAL = re.compile(rf"([^@]{{1,20}})@([^@]{{1,80}}?){_DASH}([^@]{{1,80}})@(.{{0,200}})", re.DOTALL)
_MARK = "[this week]"


def duties(grid: Grid) -> tuple[list[Duty], list[Problem]]:
    """The duties, and the mistakes in the sheet."""
    problems: list[Problem] = []
    found = []
    for row in _rows(grid, _DUTIES):
        if not any(row.cells.values()):
            break
        if row.number > 1 or fold(row["task"]) not in _HEADER_WORDS:
            found.append(row)
    if not found:
        fix = "it needs rows of task, interval, main, backup"
        problems.append(Problem(f"{grid.name}:1", f"the sheet is empty ({grid.source})", fix))
    return unique_duties(found, problems), problems


def meetings(grid: Grid, types: Types) -> tuple[MeetingsSheet, list[Problem]]:
    """The meetings, and the mistakes in the sheet."""
    problems: list[Problem] = []
    found = _rows(grid, _MEETINGS)
    if not any(any(row.cells.values()) for row in found):
        fix = "its first row needs Weekday @ start - end @ place in the sixth cell"
        problems.append(Problem(f"{grid.name}:1", f"the sheet is empty ({grid.source})", fix))
        return MeetingsSheet(), problems
    usual = _usual(found[0], problems)
    below = [row for row in found[1:] if any(row.cells.values())]
    if below and not any(c.isdigit() for c in below[0]["date"]):
        below = below[1:]
    read, more = read_meetings(below, types)
    marked = [row.number for row in below if _MARK in row["marker"].casefold()]
    if len(marked) > 1:
        where = f"{grid.name}:{marked[1]}:marker"
        problems.append(Problem(where, "a second row is marked [THIS WEEK]", "mark one row only"))
    current = next((m.date for m in read if m.row and m.row.number in marked[:1]), None)
    return MeetingsSheet(tuple(read), usual, current), problems + more


def _usual(row: Row, problems: list[Problem]) -> Usual:
    found = _USUAL.fullmatch(row["note"])
    weekday = _weekday(found[1]) if found else None
    if found is None or weekday is None:
        fix = "write it as Monday @ 9:00 AM - 10:30 AM @ Room 5"
        what = f"{one_line(row['note'], 80)!r} does not say when and where meetings are"
        problems.append(Problem(row.at("6"), what, fix))
        return Usual()
    start, end, place = (one_line(part, 120) for part in found.groups()[1:])
    return Usual(weekday, start, end, place)


def _weekday(word: str) -> int | None:
    try:
        return parse_weekday(word)
    except PydanticCustomError:
        return None


def _rows(grid: Grid, columns: dict[str, int]) -> list[Row]:
    """All rows, empty ones too, with the cells of these columns cleaned."""
    return [
        Row(
            grid.name,
            number,
            {name: cleaned(cells[n]) if n < len(cells) else "" for name, n in columns.items()},
        )
        for number, cells in enumerate(grid.cells, start=1)
    ]
