"""What in the sheets is no mistake, but is seldom meant: `labtool check` notes it."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.meetings import Meeting
from labtool.tasks.remind.section import Remind

_FAR = timedelta(days=366)
# A sheet with more rows out of order than one in so many has no order.
_SOME = 4


def odd(section: Remind, data: LabData, where: Callable[..., str]) -> list[str]:
    """The notes. `where` gives the place in the file of a path in the config."""
    notes = _meetings(data.meetings.planned(date.min), data.as_of)
    if len(data.people) and not any(person.birthday for person in data.people.everyone):
        notes += [
            f"{where('remind', 'rules', name)}: remind.rules.{name}: nobody has a birthday; fill"
            " the column birthday of the people"
            for name, rule in section.rules.items()
            if rule.kind == "birthdays"
        ]
    return notes


def _meetings(meetings: Sequence[Meeting], today: date) -> list[str]:
    rows = sorted((m.row.number, m.date, m.row.at("date")) for m in meetings if m.row)
    days = [day for _, day, _ in rows]
    up, down = _in_order(days), _in_order(days[::-1])
    # Newest first is an order too.
    kept = up if len(up) >= len(down) else {len(days) - 1 - n for n in down}
    stray = [n for n in range(len(days)) if n not in kept]
    notes = [
        f"{rows[n][2]}: {rows[n][1]} is out of order; is it the right date?"
        for n in (stray if len(stray) * _SOME <= len(days) else ())
    ]
    # What is long over is kept on purpose.
    return notes + [
        f"{at}: {day} is more than a year away; is it the right date?"
        for number, (_, day, at) in enumerate(rows)
        if day - today > _FAR and number in kept
    ]


def _in_order(days: Sequence[date]) -> set[int]:
    """The places of the longest run of days, with gaps, that never goes back."""
    ends: list[date] = []
    last: list[int] = []
    before: list[int] = []
    for place, day in enumerate(days):
        length = bisect_right(ends, day)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [day]
        last[length : length + 1] = [place]
    kept, place = set(), last[-1] if last else -1
    while place >= 0:
        kept.add(place)
        place = before[place]
    return kept
