"""The lab's meetings: those in its sheet, and those that the sheet should have."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from labtool.core.people import fold
from labtool.core.tables import Row

NO_MEETING = frozenset({"n/a", "na"})
_WEEK = timedelta(days=7)
# Weekday and times are what the lab does now, not what it did ten years ago.
_RECENT = 26


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds for a meeting whose row says nothing else. Monday is weekday 0."""

    weekday: int | None = None
    start: str = ""
    end: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One day on which the lab meets, or would: `code` is the type as the sheet writes it,
    `presenters` the cell with their names. Without a `row` it is only expected: nothing in
    the sheet speaks of that week."""

    date: date
    code: str = ""
    presenters: str = ""
    note: str = ""
    start: str = ""
    end: str = ""
    place: str = ""
    row: Row | None = None

    @property
    def missing(self) -> bool:
        """Whether the sheet says nothing about it."""
        return self.row is None

    @property
    def off(self) -> bool:
        """Whether the sheet says that there is no meeting."""
        return fold(self.code) in NO_MEETING

    @property
    def takes_place(self) -> bool:
        """Whether people are to come."""
        return not self.missing and not self.off

    @property
    def presenters_at(self) -> str:
        """Where the presenters' names stand."""
        return self.row.at("presenters") if self.row else ""


@dataclass(frozen=True, slots=True)
class Meetings:
    """All meetings of the sheet, at most one a day, in order of date.

    `marked` is the date of the row that the sheet itself marks as this week's, if it does.
    """

    usual: Usual = Usual()
    marked: date | None = None
    _by_date: dict[date, Meeting] = field(default_factory=dict)
    _dates: list[date] = field(default_factory=list)
    _weeks: frozenset[tuple[int, int]] = frozenset()

    @classmethod
    def of(
        cls, meetings: Iterable[Meeting], usual: Usual = Usual(), marked: date | None = None
    ) -> "Meetings":
        """Index meetings; their weekday is `usual`'s or, if it names none, that of most of
        the latest rows."""
        by_date = {meeting.date: meeting for meeting in meetings}
        dates = sorted(by_date)
        weekday = usual.weekday
        if weekday is None and dates:
            weekday = Counter(d.weekday() for d in dates[-_RECENT:]).most_common(1)[0][0]
        known = Usual(weekday, usual.start, usual.end, usual.place)
        return cls(known, marked, by_date, dates, frozenset(map(_week, dates)))

    def __len__(self) -> int:
        return len(self._dates)

    def on(self, day: date) -> Meeting | None:
        """The meeting of a day: its row, or the one expected on the usual weekday of a week
        without any row."""
        known = self._by_date.get(day)
        if known or day.weekday() != self.usual.weekday or _week(day) in self._weeks:
            return known
        return Meeting(day, start=self.usual.start, end=self.usual.end, place=self.usual.place)

    def between(self, first: date, last: date) -> list[Meeting]:
        """Meetings from `first` to `last`, both included."""
        days = range((last - first).days + 1)
        found = (self.on(first + timedelta(days=n)) for n in days)
        return [meeting for meeting in found if meeting]

    def upcoming(self, day: date) -> Meeting | None:
        """The first meeting of the seven days that begin with `day`."""
        return next(iter(self.between(day, day + _WEEK - timedelta(days=1))), None)

    def planned(self, day: date) -> list[Meeting]:
        """The rows of the sheet from `day` on."""
        return [self._by_date[d] for d in self._dates[bisect_left(self._dates, day) :]]

    def outdated(self, meeting: Meeting, as_of: date) -> bool:
        """Whether the sheet cannot be trusted about a meeting: it has no row for that week,
        or the row it marks as this week's, when it was read (`as_of`), is of another."""
        if meeting.missing:
            return True
        stale = self.marked is not None and abs(self.marked - as_of) >= _WEEK
        return stale and meeting.date - as_of < _WEEK


def _week(day: date) -> tuple[int, int]:
    year, week, _ = day.isocalendar()
    return year, week
