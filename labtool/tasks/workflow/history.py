"""How runs have ended within some hours, and whether fewer than usual were completed. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from labtool.services.engine.records import CLOSED

# So many days before are looked at, of which as many must have had something; below so many
# completed runs nothing is said of less than usual.
DAYS, _LEAST_DAYS, _LEAST = 14, 5, 4
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended, and when (Unix seconds)."""

    workflow: str
    state: str
    at: float


@dataclass(frozen=True, slots=True)
class History:
    """`counts` by closing status, for each workflow; `usual` is how many are completed within the
    same hours of other days, where that is known."""

    hours: float
    counts: Mapping[str, Counter[str]]
    usual: float | None

    @property
    def total(self) -> Counter[str]:
        """By closing status."""
        return sum((Counter(one) for one in self.counts.values()), Counter())

    @property
    def fell(self) -> bool:
        """Whether fewer than half of the usual were completed."""
        return self.usual is not None and self.total["completed"] * 2 < self.usual

    @property
    def subject(self) -> str:
        """In a list of mails: what went wrong first."""
        total = self.total
        bad = [f"{total[one]} {words(one)}" for one in CLOSED if one != "completed" and total[one]]
        fell = [f"only {total['completed']} completed"] if self.fell else []
        fine = [] if fell else [f"{total['completed']} completed"]
        return f"Workflows, {self.hours:g} h: {', '.join([*fell, *bad, *fine])}"


def history(ended: Iterable[Ended], now: float, hours: float) -> History:
    """Of the last `hours`, held against the same hours of the days before."""
    span, counts = hours * 3600, dict[str, Counter[str]]()
    before: Counter[int] = Counter()
    seen = set[int]()
    for one in ended:
        age = now - one.at
        if 0 <= age < span:
            counts.setdefault(one.workflow, Counter())[one.state] += 1
        elif age > 0:
            day = int(age // _DAY)
            seen.add(day)
            if one.state == "completed" and age % _DAY < span:
                before[day] += 1
    # Days of before the first run say nothing.
    days = [before[day] for day in range(1, max(seen, default=0) + 1)]
    usual = median(days) if len(days) >= _LEAST_DAYS and span <= _DAY else None
    enough = usual is not None and usual >= _LEAST
    return History(hours, counts, float(usual) if enough and usual is not None else None)


def words(state: str) -> str:
    """A closing status for people."""
    return state.replace("_", " ")


def told(found: History) -> str:
    """What the mail says."""
    lines = [found.subject, ""]
    for name in sorted(found.counts):
        counts = found.counts[name]
        each = ", ".join(f"{counts[one]} {words(one)}" for one in CLOSED if counts[one])
        lines.append(f"{name}: {each}")
    if not found.counts:
        lines.append("No run has ended.")
    if found.fell and found.usual is not None:
        lines += ["", f"Usually {found.usual:g} are completed within these hours:"
                      " see labtool workflow list, and labtool doctor"]  # fmt: skip
    return "\n".join(lines)
