"""Which backups stay. Pure.

The rules are those that restic's users know (restic.readthedocs.io, forget): the last N; for
days, weeks, months and years the newest of each of the last N that have any. A backup stays that
one rule keeps. The newest good one always stays; one that is not good fills no rule, and goes
once a newer one is good. Where none is good, those of which only some files are missing take
their place. What the clock says is still to come fills no rule either, and stays.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from labtool.core.config.types import Duration, Section

Count = Annotated[int, Field(ge=0, le=10_000)]
# A clock may be a little ahead of another's.
AHEAD = timedelta(days=1)


class Keep(Section):
    """How many backups of a set stay at a destination."""

    last: Count = 0
    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0
    younger_than: Duration | None = Field(
        default=None, description="Default: 60d where no other rule is set"
    )

    @property
    def within(self) -> timedelta:
        """How young a backup is that stays whatever the counts are."""
        if self.younger_than is not None:
            return self.younger_than
        counted = self.last or self.daily or self.weekly or self.monthly or self.yearly
        return timedelta(0) if counted else timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Dated:
    """A backup, as retention sees it."""

    id: str
    created: datetime
    state: Literal["good", "incomplete", "broken"]


_Period = Callable[[datetime], tuple[int, ...]]
_PERIODS: dict[str, _Period] = {
    "daily": lambda at: (at.year, at.month, at.day),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
    "yearly": lambda at: (at.year,),
}


def staying(backups: Iterable[Dated], keep: Keep, now: datetime, zone: ZoneInfo) -> set[str]:
    """The ids of the backups of one set that stay. Days are those of `zone`."""
    found = sorted(backups, key=lambda one: (one.created, one.id), reverse=True)
    future = {one.id for one in found if one.created - now > AHEAD}
    ordered = [one for one in found if one.id not in future]
    good = [one for one in ordered if one.state == "good"]
    good = good or [one for one in ordered if one.state == "incomplete"]
    if not good:
        return {one.id for one in found}
    stay = {one.id for one in good[: max(1, keep.last)]}
    stay |= {one.id for one in good if now - one.created < keep.within}
    for name, period in _PERIODS.items():
        stay |= _newest(good, getattr(keep, name), lambda at, p=period: p(at.astimezone(zone)))  # type: ignore[misc]  # mypy sees no type in the default
    # What came after the newest good one may be all that there is of those days.
    return stay | future | {one.id for one in ordered if one.created > good[0].created}


def _newest(good: Sequence[Dated], number: int, period: _Period) -> set[str]:
    """The newest of each of the last so many periods that have one."""
    found: dict[tuple[int, ...], str] = {}
    for one in good:
        key = period(one.created)
        if key not in found and len(found) < number:
            found[key] = one.id
    return set(found.values())
