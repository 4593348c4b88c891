"""What a view is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

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
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def part(value: Any, *path: str) -> Any:
    """What is at a place of nested objects; None where nothing is."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
