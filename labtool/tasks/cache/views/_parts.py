"""What a view is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from labtool.core import shapes
from labtool.core.cells import Cell, Table

Range = Literal["day", "month", "year"]
Points = Sequence[tuple[int, float | None]]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a series of numbers measures, and in which unit."""

    title: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """A plot over one range that came with the data: points (Unix seconds) by label."""

    title: str
    unit: str
    range: Range
    points: Mapping[str, Points]


@dataclass(frozen=True, slots=True)
class View:
    """One page: a few facts, plots, tables. `metrics` are the series of the history by the
    name before their `/`."""

    facts: Sequence[tuple[str, Cell]] = ()
    tables: Sequence[Table] = ()
    lines: Sequence[Lines] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; whatever else is kept is left out."""
    return shapes.objects(value)


def part(value: Any, *path: str) -> Any:
    """What is at a place of nested objects; None where nothing is."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def total(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    """The sum of what is a number."""
    found = sum(shapes.real(one.get(key)) or 0 for one in rows)
    return int(found) if float(found).is_integer() else found


def known(value: Any) -> str:
    """Text, for sorting; empty for what is none."""
    return value if isinstance(value, str) else ""


def points(rows: Sequence[Mapping[str, Any]], day: str, key: str) -> Points:
    """A number of each day, at its noon (UTC); a row without a day is left out."""
    found = [(noon(one.get(day)), shapes.real(one.get(key))) for one in rows]
    return [(at, value) for at, value in found if at is not None]


def noon(day: Any) -> int | None:
    """Unix seconds of a day's noon (UTC); None for what is no day."""
    text = shapes.day(day)
    if text is None:
        return None
    return int(datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=UTC).timestamp())
