"""Numbers over time -> plots: what a browser draws, and tables for who cannot see it. Pure.

Over a day each number is shown, over a month means of two hours, over a year of a day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from labtool.core.cells import Cell, number
from labtool.tasks.cache.views._parts import Lines, Metric, Points, Range

DAY = 86400
# How far back each range goes, and how far apart its points are, in seconds.
RANGES: Mapping[Range, tuple[int, int]] = {
    "day": (DAY, 60),
    "month": (30 * DAY, 7200),
    "year": (365 * DAY, DAY),
}
# More lines than this in one plot are not told apart.
MOST_LINES = 8
_ROW_FORMATS: Mapping[Range, str] = {"day": "%H:00", "month": "%-d %b", "year": "%b %Y"}


@dataclass(frozen=True, slots=True)
class PlotTable:
    """The means of each line over an hour, a day or a month."""

    range: Range
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: `drawn` are the columns for the browser by range, first the instants (Unix
    seconds), then each line's numbers; `left_out` is how many lines were too many."""

    id: str
    title: str
    unit: str
    labels: Sequence[str]
    drawn: Mapping[Range, Sequence[Sequence[float | None]]]
    tables: Sequence[PlotTable]
    left_out: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """What the browser gets."""
        return {"id": self.id, "unit": self.unit, "labels": self.labels, "ranges": self.drawn}


# The means of some series from an instant on (Unix seconds), each over so many seconds.
Means = Callable[[Sequence[str], int, int], Mapping[str, Points]]


def of_history(
    latest: Mapping[str, float],
    means: Means,
    metrics: Mapping[str, Metric],
    now: datetime,
    zone: ZoneInfo,
) -> list[Plot]:
    """A plot for each metric. `latest` has the newest number of each series, `METRIC/LABEL`;
    where there are too many lines, those with the largest are shown."""
    by_metric: dict[str, list[str]] = {}
    for name in sorted(latest, key=lambda name: (-abs(latest[name]), name)):
        by_metric.setdefault(name.partition("/")[0], []).append(name)
    known = [name for name in metrics if name in by_metric]
    found = []
    for key in [*known, *(name for name in by_metric if name not in metrics)]:
        names = by_metric[key]
        shown = sorted(names[:MOST_LINES])
        metric = metrics.get(key) or Metric(key.replace("-", " ").capitalize())
        until = int(now.timestamp())
        points = {
            kind: {_label(n, metric): p for n, p in means(shown, until - back, step).items()}
            for kind, (back, step) in RANGES.items()
        }
        labels = [_label(name, metric) for name in shown]
        found.append(
            _plot(key, metric.title, metric.unit, labels, points, len(names) - len(shown), zone)
        )
    return found


def of_lines(lines: Lines, zone: ZoneInfo) -> Plot:
    """The plot of what came with the data."""
    every = dict(lines.points)

    def largest(label: str) -> float:
        return max((abs(value) for _, value in every[label] if value is not None), default=0.0)

    shown = sorted(sorted(every, key=lambda name: (-largest(name), name))[:MOST_LINES])
    points = {lines.range: {label: every[label] for label in shown}}
    name = "of-data-" + "".join(c if c.isalnum() else "-" for c in lines.title.lower())
    left_out = len(every) - len(shown)
    return _plot(name, lines.title, lines.unit, shown, points, left_out, zone)


def _label(series: str, metric: Metric) -> str:
    return series.partition("/")[2] or metric.title


def _plot(
    name: str,
    title: str,
    unit: str,
    labels: Sequence[str],
    points: Mapping[Range, Mapping[str, Points]],
    left_out: int,
    zone: ZoneInfo,
) -> Plot:
    drawn = {kind: _aligned([by_label.get(label, ()) for label in labels])
             for kind, by_label in points.items()}  # fmt: skip
    # One point is no line.
    drawn = {kind: columns for kind, columns in drawn.items() if len(columns[0]) > 1}
    tables = [PlotTable(kind, _rows(columns, kind, unit, zone)) for kind, columns in drawn.items()]
    return Plot(f"plot-{name}", title, unit, labels, drawn, tables, left_out)


def _aligned(lines: Sequence[Points]) -> list[list[float | None]]:
    """One column of instants, and a column for each line, with nothing where it has none."""
    values: list[dict[int, float | None]] = [dict(points) for points in lines]
    instants = sorted({at for line in values for at in line})
    columns: list[list[float | None]] = [list(instants)]
    columns += [[_rounded(line.get(at)) for at in instants] for line in values]
    return columns


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _rows(
    columns: Sequence[Sequence[float | None]], kind: Range, unit: str, zone: ZoneInfo
) -> list[tuple[str, Sequence[Cell]]]:
    """The means of each line by hour, day or month of the lab."""
    groups: dict[str, list[list[float]]] = {}
    for at, *values in zip(*columns, strict=True):
        assert at is not None
        name = datetime.fromtimestamp(at, zone).strftime(_ROW_FORMATS[kind])
        group = groups.setdefault(name, [[] for _ in values])
        for held, value in zip(group, values, strict=True):
            if value is not None:
                held.append(value)
    return [
        (name, [number(_mean(held), "" if unit == "B" else unit) for held in group])
        for name, group in groups.items()
    ]


def _mean(values: Sequence[float]) -> float | int | None:
    if not values:
        return None
    mean = sum(values) / len(values)
    return int(mean) if mean.is_integer() else mean
