"""`kind: sheets`: the lab's sheets, as they are."""

from typing import Any

from labtool.core import shapes
from labtool.core.cells import Cell, moment, number, table, word
from labtool.core.text import one_line
from labtool.tasks.cache.views._parts import Metric, View, part

TITLE = "Sheets"
_MOST, _MOST_COLUMNS, _LONGEST = 100, 60, 120


def view(data: Any, *, public: bool) -> View:
    """Each sheet is a table; its first row names the columns. What could not be read is told."""
    found = {
        one_line(str(name), _LONGEST): [row for row in shapes.listed(rows) if isinstance(row, list)]
        for name, rows in shapes.mapping(part(data, "sheets")).items()
    }
    sheets = {name: rows for name, rows in found.items() if rows}
    late = {
        one_line(str(name), _LONGEST): one
        for name, one in shapes.mapping(part(data, "read")).items()
        if part(one, "error")
    }
    old = [
        [
            word(name),
            moment(one["fetched_at"]) if one.get("fetched_at") else word("never"),
            *([] if public else [word(one["error"])]),
        ]
        for name, one in late.items()
    ]
    columns = ("Sheet", "As of") if public else ("Sheet", "As of", "Why there is nothing newer")
    tables = [
        table(
            name,
            [_cell(cell).text for cell in rows[0][:_MOST_COLUMNS]],
            [[_cell(cell) for cell in row[:_MOST_COLUMNS]] for row in rows[1:]],
            _MOST,
        )
        for name, rows in sheets.items()
    ]
    return View(
        facts=[(name, number(len(rows) - 1, "rows")) for name, rows in sheets.items()],
        tables=[*([table("Not fresh", columns, old)] if old else []), *tables],
        metrics={"rows": Metric("Rows")},
    )


def _cell(value: Any) -> Cell:
    """An empty cell is empty."""
    return Cell(one_line(str(value), _LONGEST)) if value not in (None, "") else Cell("")
