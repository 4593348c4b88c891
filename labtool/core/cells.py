"""Values as pages show them: text that templates escape, numbers with units, moments, links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labtool.core.clock import from_iso
from labtool.core.shapes import real
from labtool.core.text import one_line

UNKNOWN = "unknown"
_LONGEST = 120
# Beyond these an instant is none in some zone.
_FIRST_YEAR, _LAST_YEAR = 1000, 9000
# Decimal prefixes, as disks and networks are sold.
_PREFIXES = ("", "k", "M", "G", "T", "P")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is shown: a `number` stands on the right, `at` is shown in the viewer's
    zone, `url` (http or https) is a link."""

    text: str
    number: bool = False
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `left_out` is how many rows were too many, `empty` what is said where there is
    none."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left_out: int = 0
    empty: str = "None."


def word(value: Any) -> Cell:
    """Text, or anything as text."""
    return Cell(UNKNOWN if value is None or value == "" else one_line(str(value), _LONGEST))


def link(text: Any, url: Any) -> Cell:
    """A link where the address is a web address, else text."""
    address = str(url or "")
    return Cell(word(text).text, url=address if address.startswith(("https://", "http://")) else "")


def number(value: Any, unit: str = "") -> Cell:
    """A number with thin spaces between thousands, and its unit."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(UNKNOWN, number=True)
    style = "," if isinstance(value, int) else ",.3g" if abs(value) < 1000 else ",.0f"
    text = one_line(format(value, style), 40)
    return Cell(text.replace(",", "\u202f") + (f"\u00a0{unit}" if unit else ""), number=True)


def size(value: Any) -> Cell:
    """Bytes, in the largest decimal unit that leaves a number of at least 1."""
    amount = real(value)
    if amount is None:
        return Cell(UNKNOWN, number=True)
    for prefix in _PREFIXES:
        if abs(amount) < 1000 or prefix == _PREFIXES[-1]:
            break
        amount /= 1000
    digits = 0 if amount >= 100 or not prefix else 1
    return Cell(f"{amount:.{digits}f}\u00a0{prefix}B", number=True)


def moment(value: Any) -> Cell:
    """An instant, or an ISO 8601 time."""
    try:
        at = value if isinstance(value, datetime) else from_iso(str(value))
    except ValueError:
        return word(value)
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        return word(value)
    return Cell(one_line(str(value), _LONGEST), at=at if at.tzinfo else at.replace(tzinfo=UTC))


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    most: int = 200,
    empty: str = "None.",
) -> Table:
    """A table of at most so many rows."""
    return Table(title, columns, rows[:most], max(0, len(rows) - most), empty)
