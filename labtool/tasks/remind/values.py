"""The values that a rule's text can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from labtool.core import text
from labtool.core.people import Person, fold, split_names
from labtool.tasks.remind import words
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.meetings import Meeting
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.who import NOBODY, Asked, named

_EVERYBODY = Person("", "all")


@dataclass(frozen=True, slots=True)
class MeetingValue:
    """A meeting as texts see it: `type` is the type's full name, `time` both times as one
    text, `presenters` people (one whom nobody knows has a name only); `off` where there is
    none, `missing` where the sheet says nothing."""

    date: date
    code: str
    type: str
    start: str
    end: str
    time: str
    place: str
    note: str
    presenters: tuple[Person, ...]
    off: bool
    missing: bool

    @property
    def names(self) -> str:
        """Who presents: `Ann Lee and Bob Stone`."""
        return words.join([person.name for person in self.presenters])

    @property
    def mentions(self) -> str:
        """Who presents, mentioned."""
        return words.join([words.mention(person) for person in self.presenters])


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday to come."""

    date: date
    person: Person

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.person.name


def meeting_value(meeting: Meeting, section: Remind, data: LabData) -> MeetingValue:
    """A meeting as texts see it."""
    known, _ = named(data, meeting.presenters, "", meeting.date)
    return MeetingValue(
        date=meeting.date,
        code=meeting.code,
        type=section.type_name(meeting.code),
        start=meeting.start,
        end=meeting.end,
        time=f"{meeting.start} to {meeting.end}" if meeting.end else meeting.start,
        place=meeting.place,
        note=meeting.note,
        presenters=(*known, *_strangers(meeting, data)),
        off=meeting.off,
        missing=meeting.missing,
    )


def about(section: Remind, data: LabData, today: date, meeting: Meeting | None) -> dict[str, Any]:
    """What every recipient's text can use. `meeting` is the one that the rule is about;
    `coming` are those of the seven days after it, or of the seven days from now on."""

    def birthdays(days: int = 60) -> list[Birthday]:
        found = data.birthdays_within(today, days, leap_day_on=section.leap_day_on)
        return [Birthday(day, person) for day, person in found]

    first = meeting.date + words.days(1) if meeting else today
    later = data.meetings.between(first, first + words.days(6))
    coming = [meeting_value(one, section, data) for one in later]
    return {
        "lab": data.lab,
        "today": today,
        "channel": section.channel,
        "meeting": meeting_value(meeting, section, data) if meeting else None,
        "admins": _admins(data),
        "coming": coming,
        "next_meeting": coming[0] if coming else None,
        "row": meeting.row.cells if meeting and meeting.row else {},
        "birthdays": birthdays,
        "when_word": lambda day: words.when_word(day, today),
        "mention": words.mention,
        "link": text.link,
        "days": words.days,
    }


def personal(common: Mapping[str, Any], asked: Asked, group: list[Person]) -> dict[str, Any]:
    """What one recipient's text can use: `person` is the recipient (`all` for a channel),
    `people` and `mentions` everybody that the rule asks."""
    return {
        **common,
        "person": asked.person or _stand_in(asked),
        "people": group,
        "mentions": words.join([words.mention(person) for person in group]),
        "duty": asked.duty,
        "row": asked.duty.row.cells if asked.duty else common["row"],
        "instead_of": asked.instead_of,
    }


def _admins(data: LabData) -> list[Person]:
    return [data.people.get(to.name) or Person("", to.name) for to in data.admins]


def _stand_in(asked: Asked) -> Person:
    return _EVERYBODY if asked.to.kind == "channel" else Person("", asked.to.name)


def _strangers(meeting: Meeting, data: LabData) -> list[Person]:
    """Names in a cell that are not among the lab's people now, as they are written."""
    return [
        Person("", text.one_line(name, 80))
        for name in split_names(meeting.presenters)[:50]
        if fold(name) not in NOBODY and not named(data, name, "", meeting.date)[0]
    ]
