"""What the lab's sheets say, ready for the rules to ask."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from labtool.core.messages import Recipient
from labtool.core.people import People, Person, fold
from labtool.core.tables import Row
from labtool.tasks.remind.meetings import Meetings


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of the duties sheet: `main` and `backup` are cells with names."""

    task: str
    interval: str
    main: str
    backup: str
    row: Row
    note: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """One person (by key) is away from `first` to `last`, both included."""

    person: str
    first: date
    last: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LabData:
    """The lab as its sheets describe it on the day they were read (`as_of`).

    `missing` names the sheets (duties, meetings, absences) that could not be had: rules
    that need one wait for a later run.
    """

    as_of: date
    missing: frozenset[str] = frozenset()
    lab: str = "Lab"
    people: People = field(default_factory=People)
    admins: tuple[Recipient, ...] = ()
    duties: tuple[Duty, ...] = ()
    meetings: Meetings = field(default_factory=Meetings)
    absences: tuple[Absence, ...] = ()
    _duties: dict[str, Duty] = field(init=False, default_factory=dict)
    _away: dict[str, list[Absence]] = field(init=False, default_factory=dict)
    _birthdays: dict[tuple[int, int], list[Person]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for duty in self.duties:
            self._duties.setdefault(fold(duty.task), duty)
        for absence in self.absences:
            self._away.setdefault(absence.person, []).append(absence)
        for person in self.people.everyone:
            if person.birthday:
                self._birthdays.setdefault(person.birthday, []).append(person)

    def duty(self, task: str) -> Duty | None:
        """The duty of this name (case and accents aside)."""
        return self._duties.get(fold(task))

    def away(self, person: Person, days: Iterable[date]) -> Absence | None:
        """The absence that covers one of the days."""
        absences = self._away.get(person.key, ())
        wanted = list(days)
        covering = (a for a in absences if any(a.first <= day <= a.last for day in wanted))
        return max(covering, key=lambda absence: absence.last, default=None)

    def birthdays_on(self, day: date, *, leap_day_on: tuple[int, int]) -> list[Person]:
        """Who has birthday on a day and is in the lab then. Who was born on 29 February
        keeps it on `leap_day_on` (month and day) in years without one."""
        found = list(self._birthdays.get((day.month, day.day), ()))
        if (day.month, day.day) == leap_day_on and not _leap(day.year):
            found += self._birthdays.get((2, 29), ())
        return [person for person in found if person.active(day)]

    def birthdays_within(
        self, day: date, days: int, *, leap_day_on: tuple[int, int]
    ) -> list[tuple[date, Person]]:
        """The birthdays of the `days` days after `day` (at most a year), `day` included."""
        dates = [day + timedelta(days=n) for n in range(min(days, 366) + 1)]
        return [
            (on, person)
            for on in dates
            for person in self.birthdays_on(on, leap_day_on=leap_day_on)
        ]


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
