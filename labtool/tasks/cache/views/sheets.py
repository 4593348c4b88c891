"""`kind: sheets`: the lab's sheets, as they are."""

from typing import Any

from labtool.core.cells import number, table, word
from labtool.tasks.cache.views._parts import Metric, View

TITLE = "Sheets"
_MOST = 100


def view(data: Any, *, public: bool) -> View:
    """Each sheet is a table; its first row names the columns."""
    sheets = {name: rows for name, rows in data.get("sheets", {}).items() if rows}
    return View(
        facts=[(name, number(len(rows) - 1, "rows")) for name, rows in sheets.items()],
        tables=[
            table(name, rows[0], [[word(cell) for cell in row] for row in rows[1:]], _MOST)
            for name, rows in sheets.items()
        ],
        metrics={"rows": Metric("Rows")},
    )
