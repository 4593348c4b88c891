"""What is kept, as it is: for kinds that nobody knows the shape of."""

from typing import Any

from labtool.core.cells import Cell, Table, number, table, word
from labtool.core.text import counted, one_line
from labtool.tasks.cache.views._parts import View, items

TITLE = ""
_MOST_FACTS, _MOST_COLUMNS, _MOST_TABLES, _MOST_ROWS = 24, 8, 6, 50


def view(data: Any, *, public: bool) -> View:
    """Numbers and words at the top are facts, lists of objects are tables."""
    if isinstance(data, list):
        return View(tables=_tables({"": data}))
    if not isinstance(data, dict):
        return View(facts=[("Value", _cell(data))])
    facts = [(_name(k), _cell(v)) for k, v in data.items() if not isinstance(v, list | dict)]
    inner = [
        (_name(f"{key} {name}"), _cell(value))
        for key, inside in data.items()
        if isinstance(inside, dict)
        for name, value in inside.items()
        if not isinstance(value, list | dict)
    ]
    return View(facts=[*facts, *inner][:_MOST_FACTS], tables=_tables(data))


def _tables(data: dict[Any, Any]) -> list[Table]:
    found = []
    for key, value in data.items():
        rows = items(value)
        columns = list(dict.fromkeys(name for row in rows for name in row))[:_MOST_COLUMNS]
        if columns:
            cells = [[_cell(row.get(name)) for name in columns] for row in rows]
            found.append(table(_name(key), [_name(c) for c in columns], cells, _MOST_ROWS))
    return found[:_MOST_TABLES]


def _name(key: Any) -> str:
    return one_line(str(key), 60)


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return word("yes" if value else "no")
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | dict):
        return word(counted(len(value), "entry", "entries"))
    return word(value)
