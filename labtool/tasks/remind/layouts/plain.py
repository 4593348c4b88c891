"""The plain layout: a header names the columns, in any order.

duties: task, interval, main, backup, note
meetings: date, type, presenters, note, start, end, place
absences: person, from, to, reason
"""

from dataclasses import dataclass
from datetime import date

from labtool.core.dates import parse_date
from labtool.core.errors import Problem
from labtool.core.people import fold
from labtool.core.tables import Grid, Row, doubled, rows
from labtool.core.text import one_line
from labtool.tasks.remind.data import Duty
from labtool.tasks.remind.layouts._meetings import MeetingsSheet, Types, cleaned, read_meetings

NEEDED = {
    "duties": ("task", "main", "backup"),
    "meetings": ("date", "type", "presenters"),
    "absences": ("person", "from", "to"),
}
COLUMNS = {
    "duties": ("task", "interval", "main", "backup", "note"),
    "meetings": ("date", "type", "presenters", "note", "start", "end", "place"),
    "absences": ("person", "from", "to", "reason"),
}


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One row of the absences sheet; `person` is a cell with names."""

    person: str
    first: date
    last: date
    reason: str
    row: Row


def duties(grid: Grid) -> tuple[list[Duty], list[Problem]]:
    """The duties, and the mistakes in the sheet."""
    found, problems = _rows(grid, "duties")
    return unique_duties(found, problems), problems


def meetings(grid: Grid, types: Types) -> tuple[MeetingsSheet, list[Problem]]:
    """The meetings, and the mistakes in the sheet."""
    found, problems = _rows(grid, "meetings")
    read, more = read_meetings(found, types)
    return MeetingsSheet(tuple(read)), problems + more


def absences(grid: Grid) -> tuple[list[AbsenceRow], list[Problem]]:
    """The absences, and the mistakes in the sheet. Without `to` it is a single day."""
    found, problems = _rows(grid, "absences", may_be_empty=True)
    read = []
    for row in found:
        try:
            where = row.at("from")
            first = parse_date(row["from"])
            where = row.at("to")
            last = parse_date(row["to"]) if row["to"] else first
        except ValueError as error:
            what, _, fix = one_line(str(error), 160).partition("; ")
            problems.append(Problem(where, what, fix or "write a date such as 2026-11-23"))
            continue
        if last < first:
            problems.append(Problem(where, f"{last} is before {first}", "swap from and to"))
        elif not row["person"]:
            problems.append(Problem(row.at("person"), "is empty", "write who is away"))
        else:
            reason = one_line(row["reason"], 120)
            read.append(AbsenceRow(row["person"], first, last, reason, row))
    return read, problems


def unique_duties(found: list[Row], problems: list[Problem]) -> list[Duty]:
    """Duties from rows with the columns task, interval, main, backup, note."""
    known: dict[str, Duty] = {}
    for row in found:
        task = one_line(row["task"], 120)
        if not task:
            problems.append(Problem(row.at("task"), "is empty", "write what the duty is called"))
            continue
        duty = Duty(
            task,
            one_line(row["interval"], 60),
            row["main"],
            row["backup"],
            row,
            one_line(row["note"]),
        )
        first = known.setdefault(fold(task), duty)
        if first is not duty:
            what = f"{task!r} stands in row {first.row.number} already"
            problems.append(Problem(row.at("task"), what, "remove one of the two"))
    return list(known.values())


def _rows(grid: Grid, role: str, *, may_be_empty: bool = False) -> tuple[list[Row], list[Problem]]:
    """The sheet's rows with their cells cleaned; it has the columns that are needed."""
    found, problems = rows(grid), []
    if not found and not may_be_empty:
        fix = f"it needs a header row with {', '.join(NEEDED[role])}, and rows"
        problems.append(Problem(f"{grid.name}:1", f"the sheet is empty ({grid.source})", fix))
    clean_rows = [
        Row(row.sheet, row.number, {name: cleaned(cell) for name, cell in row.cells.items()})
        for row in found
    ]
    return clean_rows, [*problems, *doubled(grid, COLUMNS[role])]
