"""When an instrument will be free, by how long the same procedure took before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

from labtool.tasks.instruments.center.runs import Finished

# With fewer runs nothing is said.
LEAST = 5
_FINE = ("done", "unknown")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The median of the end, and between which instants it is for 8 runs of 10; `runs` is how
    many it is made from."""

    at: datetime
    low: datetime
    high: datetime
    runs: int

    def later(self, by: timedelta) -> "Estimate | None":
        """The same by another clock; None where that has no such time."""
        try:
            return Estimate(self.at + by, self.low + by, self.high + by, self.runs)
        except OverflowError:
            return None

    def late(self, now: datetime) -> bool:
        """Whether it takes longer than 9 of 10 did."""
        return now > self.high


def estimate(
    before: Sequence[Finished], started: datetime, step: int | None, step_at: datetime | None
) -> Estimate | None:
    """The end of a procedure that began at `started`; None with too few runs before. `step` is
    the one that it came to last, `step_at` when it did for the first time: by what remained
    then, where that varies less than the whole."""
    fine = [run for run in before if run.outcome in _FINE]
    if len(fine) < LEAST:
        return None
    whole = _spread([run.seconds for run in fine])
    begun, chosen = started, whole
    if step is not None and step_at is not None:
        rest = [run.seconds - run.steps[step] for run in fine if step in run.steps]
        if len(rest) >= LEAST and _width(by_step := _spread(rest)) < _width(whole):
            begun, chosen = step_at, by_step
    try:
        low, median, high = (begun + timedelta(seconds=s) for s in chosen)
    except OverflowError:
        return None
    return Estimate(median, low, high, len(fine))


def _spread(seconds: Sequence[float]) -> tuple[float, float, float]:
    """The first decile, the median, the last decile."""
    deciles = quantiles(seconds, n=10, method="inclusive")
    return deciles[0], deciles[4], deciles[8]


def _width(spread: tuple[float, float, float]) -> float:
    return spread[2] - spread[0]
