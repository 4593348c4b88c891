"""A sheet as a table: rows of named cells that still know where they came from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from labtool.core.errors import Failed, Problem

# The code of errors that are mistakes of those who keep a sheet.
MISTAKE = "sheet"


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet as it was read: cells by row and column, before any layout is applied.

    `source` names it for people (a path relative to the config, a URL's host and path,
    a spreadsheet and tab); `fetched_at` (UTC) is when the copy was taken, and `reason`
    says why an old copy is served (empty when the source answered).
    """

    name: str
    source: str
    cells: tuple[tuple[str, ...], ...]
    fetched_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header: `cells` by lower-case column name, `number` from 1 as a
    spreadsheet counts (the header is row 1)."""

    sheet: str
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def at(self, column: str) -> str:
        """Where a cell is, as `sheet:row:column`."""
        return f"{self.sheet}:{self.number}:{column}"


def rows(grid: Grid) -> list[Row]:
    """The rows of a plain layout: the first row that is not empty names the columns
    (case and surrounding spaces aside, in any order); empty rows are left out. Of two
    columns with one name the first counts."""
    header: list[str] = []
    found = []
    for number, cells in enumerate(grid.cells, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [" ".join(cell.split()).casefold() for cell in cells]
            continue
        values: dict[str, str] = {}
        for name, cell in zip(header, cells, strict=False):
            if name:
                values.setdefault(name, cell.strip())
        found.append(Row(grid.name, number, values))
    return found


def require(grid: Grid, needed: Iterable[str]) -> None:
    """Raise Failed for a sheet without these columns: nothing can be read from it."""
    there = columns(grid)
    missing = [name for name in needed if name not in there]
    if not missing or not there:
        return
    near = [(old, name) for name in missing for old in _likely(name, there)[:1]]
    fix = ", ".join(f"rename {old!r} to {name}" for old, name in near)
    what = f"there is no column {' and none '.join(map(repr, missing))}"
    fix = fix or f"its first row must name a column {missing[0]}"
    raise Failed(what, where=f"{grid.name}:1", fix=fix, code=MISTAKE)


def _likely(name: str, there: Iterable[str]) -> list[str]:
    """The columns that may be meant by this one."""
    return [c for c in there if name in c.split()] or get_close_matches(name, there, n=1)


def doubled(grid: Grid, known: Iterable[str]) -> list[Problem]:
    """Columns that would be used and stand in the header more than once."""
    names = columns(grid)
    return [
        Problem(
            f"{grid.name}:1:{name}",
            f"{names.count(name)} columns are called {name}; the first counts",
            "rename or remove the others",
        )
        for name in known
        if names.count(name) > 1
    ]


def misspelt(grid: Grid, known: Iterable[str]) -> list[str]:
    """Columns that are not used and look like one that would be: `sheet:1: ...`."""
    names, wanted = columns(grid), tuple(known)
    found = []
    for name in names:
        near = get_close_matches(name, [w for w in wanted if w not in names], n=1, cutoff=0.75)
        if name not in wanted and near:
            found.append(f"{grid.name}:1: column {name!r} is not used; did you mean {near[0]}?")
    return found


def columns(grid: Grid) -> list[str]:
    """The lower-case names of the columns, as `rows` reads them; empty for an empty sheet."""
    for cells in grid.cells:
        if any(cell.strip() for cell in cells):
            return [" ".join(cell.split()).casefold() for cell in cells]
    return []
