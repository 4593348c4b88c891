"""The lab's data from its sheets, with every mistake found on the way."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from labtool.core.errors import Problem
from labtool.core.messages import Recipient
from labtool.core.people import NoMatch, People, Person, fold, split_names
from labtool.core.tables import Grid
from labtool.core.text import one_line
from labtool.tasks.remind.data import Absence, Duty, LabData
from labtool.tasks.remind.layouts import MeetingsSheet, layout, plain
from labtool.tasks.remind.meetings import Meeting, Meetings, Usual
from labtool.tasks.remind.section import Remind


@dataclass(frozen=True, slots=True)
class Source:
    """A sheet that was read, and how it is laid out."""

    grid: Grid
    layout: str = "plain"


class CalendarEvent(Protocol):
    """An event of the absences calendar, from its first day to its last."""

    @property
    def summary(self) -> str:
        """Its title."""

    @property
    def start(self) -> date:
        """Its first day."""

    @property
    def end(self) -> date:
        """Its last day."""

    @property
    def emails(self) -> Sequence[str]:
        """Mail addresses of who takes part."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that is read from outside; None where the lab has no such sheet."""

    duties: Source | None = None
    meetings: Source | None = None
    absences: Source | None = None
    events: Sequence[CalendarEvent] = ()


def gather(
    section: Remind,
    sources: Sources,
    people: People,
    *,
    as_of: date,
    lab: str = "Lab",
    admins: tuple[Recipient, ...] = (),
    missing: frozenset[str] = frozenset(),
) -> tuple[LabData, list[Problem]]:
    """The lab on the day `as_of`; what is wrong in a sheet never stops the rest of it."""
    problems: list[Problem] = []
    duties: list[Duty] = []
    if sources.duties:
        duties, found = layout(sources.duties.layout).duties(sources.duties.grid)
        problems += found
    sheet, usual = MeetingsSheet(), Usual()
    if sources.meetings:
        sheet, found = layout(sources.meetings.layout).meetings(
            sources.meetings.grid, section.types
        )
        problems += found
        usual = _usual(section, sheet.usual)
    absences: list[Absence] = []
    if sources.absences:
        absences, found = _absences(sources.absences.grid, people)
        problems += found
    return LabData(
        as_of=as_of,
        missing=missing,
        lab=one_line(lab),
        people=people,
        admins=admins,
        duties=tuple(duties),
        meetings=Meetings.of(_filled(sheet, usual), usual, sheet.marked),
        absences=(*absences, *absent_by_calendar(sources.events, people)),
    ), problems


def absent_by_calendar(events: Iterable[CalendarEvent], people: People) -> list[Absence]:
    """Who is away by events that invite them or name them in their title."""
    by_mail = {p.email.casefold(): p for p in people.everyone if p.email}
    named = _names(people)
    found = []
    for event in events:
        away = {p.key: p for a in event.emails if (p := by_mail.get(a.casefold()))}
        words = _WORDS.sub(" ", fold(event.summary))
        away |= {p.key: p for name, p in named.items() if f" {name} " in f" {words} "}
        reason = one_line(event.summary, 120)
        found += [Absence(key, event.start, event.end, reason) for key in away]
    return found


_WORDS = re.compile(r"[^\w'-]+")


def _names(people: People) -> dict[str, Person]:
    """What a person may be called in a title: full name, alias, unique first name."""
    callers: dict[str, set[str]] = {}
    by_key = {person.key: person for person in people.everyone}
    for person in people.everyone:
        for name in {person.name, person.first_name, *person.aliases}:
            callers.setdefault(_WORDS.sub(" ", fold(name)).strip(), set()).add(person.key)
    return {name: by_key[keys.pop()] for name, keys in callers.items() if name and len(keys) == 1}


def _absences(grid: Grid, people: People) -> tuple[list[Absence], list[Problem]]:
    rows, problems = plain.absences(grid)
    found = []
    for row in rows:
        for name in split_names(row.person):
            try:
                person = people.find(name[:100], row.first)
            except NoMatch as error:
                fix = "write a name as in the list of people"
                problems.append(Problem(row.row.at("person"), str(error), fix))
                continue
            found.append(Absence(person.key, row.first, row.last, row.reason))
    return found, problems


def _usual(section: Remind, sheet: Usual) -> Usual:
    """What is usual by the config or, where it is silent, by the sheet's own first row."""
    said = section.meeting
    weekday = sheet.weekday if said.weekday is None else said.weekday
    return Usual(
        weekday, said.start or sheet.start, said.end or sheet.end, said.place or sheet.place
    )


def _filled(sheet: MeetingsSheet, usual: Usual) -> Iterable[Meeting]:
    """The sheet's meetings; who names no start takes the usual times."""
    for meeting in sheet.meetings:
        start, end = (meeting.start, meeting.end) if meeting.start else (usual.start, usual.end)
        yield replace(meeting, start=start, end=end, place=meeting.place or usual.place)
