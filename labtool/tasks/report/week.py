"""How the tasks of a week went, and which took unusually long or short. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from labtool.core.journal import Entry
from labtool.core.text import counted, one_line

FAILED = ("failed", "killed", "usage")
# Of fewer earlier runs nobody knows what is usual; less than a second is nobody's concern.
_ENOUGH, _LEAST = 8, 1.0
_SPREADS = 5


@dataclass(frozen=True, slots=True)
class Unusual:
    """How many of a week's runs were too slow or too quick, the farthest of them, and what is
    usual: seconds."""

    count: int
    farthest: float
    usual: float


@dataclass(frozen=True, slots=True)
class Week:
    """A task's week: how many runs, how many of them failed, how many met something that was
    away, the median of what took (seconds; None where none was done), and the last error."""

    name: str
    runs: int
    failed: int
    away: int
    took: float | None
    error: str = ""
    slow: Unusual | None = None
    quick: Unusual | None = None


def weeks(runs: Iterable[Entry], earlier: Iterable[Entry], name: Callable[[Entry], str],
          timed: Callable[[Entry], bool]) -> list[Week]:  # fmt: skip
    """A week of each task, those that failed first. `runs` are of the week, oldest first;
    `earlier` were done before; `name` says whose a run is, empty for nobody's; `timed` whether it
    says something that it took long."""
    of, before = _by(runs, name), _by(earlier, name)
    found = [_week(one, of[one], before.get(one, ()), timed) for one in of if one]
    return sorted(found, key=lambda one: (-one.failed, one.name))


def _by(runs: Iterable[Entry], name: Callable[[Entry], str]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for run in runs:
        found.setdefault(name(run), []).append(run)
    return found


def _week(name: str, runs: Sequence[Entry], before: Sequence[Entry],
          timed: Callable[[Entry], bool]) -> Week:  # fmt: skip
    took, usual = _seconds(runs, timed), _seconds(before, timed)
    bad = [run for run in runs if run.status in FAILED]
    slow, quick = unusual(took, usual)
    return Week(
        name,
        len(runs),
        len(bad),
        sum(run.status == "temporary" for run in runs),
        median(took) if took else None,
        bad[-1].error or bad[-1].status if bad else "",
        slow,
        quick,
    )


def _seconds(runs: Iterable[Entry], timed: Callable[[Entry], bool]) -> list[float]:
    return [run.seconds for run in runs
            if run.status == "done" and run.seconds is not None and timed(run)]  # fmt: skip


def unusual(
    took: Sequence[float], earlier: Sequence[float]
) -> tuple[Unusual | None, Unusual | None]:
    """What was slow and what was quick, held against what earlier runs took (all in seconds): by
    more than five times their median distance from their median, and by a factor of two."""
    if len(earlier) < _ENOUGH:
        return None, None
    usual = median(earlier)
    far = max(_SPREADS * median(abs(one - usual) for one in earlier), _LEAST)
    slow = [one for one in took if one > usual + far and one > 2 * usual]
    quick = [one for one in took if one <= usual - far and one < usual / 2]
    return (Unusual(len(slow), max(slow), usual) if slow else None,
            Unusual(len(quick), min(quick), usual) if quick else None)  # fmt: skip


def went(week: Week) -> str:
    """A task's week in a line."""
    parts = [counted(week.runs, "run")]
    parts += [f"{week.failed} failed"] if week.failed else []
    parts += [f"{week.away} met something that was away"] if week.away else []
    parts += [span(week.took)] if week.took is not None else []
    error = f" ({one_line(week.error.partition(chr(10))[0], 100)})" if week.error else ""
    return f"{week.name}: {', '.join(parts)}{error}"


def speeds(week: Week) -> list[str]:
    """What was unusual in it, in words."""
    said = []
    if week.slow:
        one = week.slow
        said.append(f"{week.name}: {counted(one.count, 'run')} took long, up to "
                    f"{span(one.farthest)}; usually {span(one.usual)}")  # fmt: skip
    if week.quick:
        one = week.quick
        said.append(f"{week.name}: {counted(one.count, 'run')} took only {span(one.farthest)} or "
                    f"little more; usually {span(one.usual)}: was all of it done?")  # fmt: skip
    return said


def span(seconds: float) -> str:
    """How long something took, as short as it can be said."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
