"""What is printed for people: tables through rich on a terminal, plain columns elsewhere."""

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from labtool.core.document import as_json
from labtool.core.text import one_line

# On a narrower terminal a drawn table would lose columns; a plain one only wraps.
_DRAWN_FROM = 60
# Characters that are left of a column that gives way, and that the last one has in any case.
_LEAST, _LAST = 10, 24


def document(value: Any) -> None:
    """One JSON document on standard output."""
    print(as_json(value))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str, *, cut: int | None = None
) -> None:
    """Rows under headings, or the sentence `empty`. The last column gets what room is left;
    the column number `cut`, where there is one, gives way first."""
    if not rows:
        print(empty)
        return
    cells = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and shutil.get_terminal_size().columns >= _DRAWN_FROM:
        _rich(columns, cells, cut)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _rich(columns: Sequence[str], cells: Sequence[Sequence[str]], cut: int | None) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    last = len(columns) - 1
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    # The last column is folded, where it is long.
    room = console.width - sum(widths[:-1]) - min(widths[-1], _LAST) - 2 * last
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        gives = index == cut and room < 0
        shown.add_column(
            column,
            overflow="ellipsis" if index == cut else "fold",
            no_wrap=index != last and (cut is not None or len(columns) < 8),
            max_width=max(widths[index] + room, _LEAST) if gives else None,
        )
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))
    console.print(shown)


def moment(value: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """A time in the lab's zone, as short as it can be said near `now`."""
    if value is None:
        return ""
    local, today = value.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if abs((local.date() - today).days) < 7:
        return f"{local:%a %d %b %H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def seconds(value: float | None) -> str:
    """How long something took."""
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 90 else f"{value / 60:.0f} min"


def unix(value: object, zone: ZoneInfo) -> str:
    """A time in Unix seconds in the lab's zone, to the second; empty for none."""
    if not isinstance(value, float):
        return ""
    return f"{datetime.fromtimestamp(value, zone):%a %Y-%m-%d %H:%M:%S %Z}"


def errors(text: str) -> str:
    """The errors of a run (one a line) in one cell: the first, and how many more."""
    first, *more = text.splitlines() or [""]
    first = one_line(first, 100)
    return f"{first} (and {len(more)} more)" if more else first
