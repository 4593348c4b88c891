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


def document(value: Any) -> None:
    """One JSON document on standard output."""
    print(as_json(value))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """Rows under headings, or the sentence `empty`. The last column gets what room is left."""
    if not rows:
        print(empty)
        return
    cells = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and shutil.get_terminal_size().columns >= _DRAWN_FROM:
        _rich(columns, cells)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _rich(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        last = index == len(columns) - 1
        shown.add_column(column, overflow="fold", no_wrap=not last and len(columns) < 8)
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))
    Console().print(shown)


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
