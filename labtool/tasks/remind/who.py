"""`to:` of a rule: who is asked, and why when it is not who should be."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from labtool.core.config.types import OneOrMore, mistake
from labtool.core.errors import Problem
from labtool.core.messages import Recipient
from labtool.core.people import NoMatch, Person, fold, split_names
from labtool.core.text import one_line
from labtool.tasks.remind import words
from labtool.tasks.remind.data import Absence, Duty, LabData
from labtool.tasks.remind.meetings import Meeting
from labtool.tasks.remind.plan import Trouble
from labtool.tasks.remind.section import is_channel

# What sheets hold in place of a name that is not known yet.
NOBODY = frozenset({"", "-", "\u2013", "?", "tbd", "tba", "n/a", "none", "nobody"})
_MAX_NAMES = 50
_NAMED = ("duty", "backup", "person", "role")
_FORMS = (
    'presenters, admins, "#channel", {duty: NAME}, {backup: NAME}, {person: NAME}, {role: NAME}'
)

TargetKind = Literal["presenters", "admins", "channel", "duty", "backup", "person", "role"]


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of `to:`."""

    kind: TargetKind
    name: str = ""

    def __str__(self) -> str:
        if self.kind in _NAMED:
            return f"{{{self.kind}: {self.name}}}"
        return self.name or self.kind


@dataclass(frozen=True, slots=True)
class Asked:
    """One recipient. `person` is who that is (None for channels and bare addresses),
    `duty` what they are asked for, `instead_of` a sentence that says whom they replace."""

    to: Recipient
    person: Person | None = None
    duty: Duty | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What must be known to resolve a target: the rule, the meeting it is about, the day
    people are looked up for, and the days on which they must not be away."""

    rule: str
    data: LabData
    day: date
    busy: tuple[date, ...]
    meeting: Meeting | None = None


def resolve(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    """The recipients of a target, and what stands in the way of others."""
    yield from _RESOLVERS[target.kind](target, question)


def named(data: LabData, cell: str, where: str, day: date) -> tuple[list[Person], list[Problem]]:
    """The people in a cell who are in the lab on `day`, and what is wrong with the rest."""
    found: dict[str, Person] = {}
    problems = []
    for name in split_names(cell)[:_MAX_NAMES]:
        if fold(name) in NOBODY:
            continue
        try:
            person = data.people.find(one_line(name, 80), day)
        except NoMatch as error:
            fix = "write a name as in the list of people"
            problems.append(Problem(where, str(error), fix))
            continue
        if person.active(day):
            found[person.key] = person
        else:
            edge = (
                f"until {person.end}" if person.end and person.end < day else f"from {person.start}"
            )
            what = f"{person.name} is in the lab only {edge}"
            problems.append(Problem(where, what, "write somebody who is there"))
    return list(found.values()), problems


def _to_person(person: Person, duty: Duty | None = None, instead_of: str = "") -> Asked:
    return Asked(Recipient("person", person.key), person, duty, instead_of)


def _presenters(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    del target
    meeting = question.meeting
    if meeting is None or not meeting.takes_place:
        return
    people, problems = named(question.data, meeting.presenters, meeting.presenters_at, meeting.date)
    yield from _troubles(question, problems)
    yield from map(_to_person, people)


def _admins(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    del target
    yield from _ask_admins(question)


def _ask_admins(
    question: Question, duty: Duty | None = None, instead_of: str = ""
) -> Iterator[Asked | Trouble]:
    data = question.data
    for to in data.admins:
        person = data.people.get(to.name) if to.kind == "person" else None
        yield Asked(to, person, duty, instead_of)
    if not data.admins:
        yield Trouble(
            question.rule,
            "no_admins",
            "there is no admin to ask",
            "lab.admins",
            "write who they are, as in admins: [ann]",
        )


def _channel(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    del question
    yield Asked(Recipient("channel", target.name))


def _person(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    where = f"remind.rules.{question.rule}.to"
    people, problems = named(question.data, target.name, where, question.day)
    yield from _troubles(question, problems)
    yield from map(_to_person, people)


def _role(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    people = question.data.people.with_role(target.name, question.day)
    if not people:
        yield Trouble(
            question.rule,
            "nobody",
            f"nobody has the role {target.name!r} now",
            f"remind.rules.{question.rule}.to",
            "write a role of the people sheet",
        )
    yield from map(_to_person, people)


def _duty(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    """Who is down for it; for who is away or missing the backup; the admins if need be."""
    duty = _find_duty(target, question)
    if isinstance(duty, Trouble):
        yield duty
        return
    people, problems = named(question.data, duty.main, duty.row.at("main"), question.day)
    yield from _troubles(question, problems)
    absences = [(p, question.data.away(p, question.busy)) for p in people]
    away = [(person, absence) for person, absence in absences if absence]
    yield from (_to_person(person, duty) for person, absence in absences if not absence)
    if people and not away:
        return
    reason = words.join([_away(person, absence) for person, absence in away])
    if not people:
        reason = f"nobody who could do it is down for {duty.task}"
    backups = yield from _backups(duty, question)
    free = [p for p in backups if p not in people and not question.data.away(p, question.busy)]
    if not people:
        asked = f"the backup ({words.join([p.name for p in free])})" if free else "the admins"
        what = f"{duty.task} has no main person; {asked} will be asked"
        yield Trouble(question.rule, "no_main", what, duty.row.at("main"), "write who does it")
    if free:
        sentence = f"You are asked as the backup, because {reason}."
        yield from (_to_person(person, duty, sentence) for person in free)
    elif len(away) == len(people):
        if people:
            what = f"nobody can do {duty.task}: {reason}, and there is no backup who is here"
            yield Trouble(question.rule, "nobody", what, duty.row.at("backup"), "find somebody")
        sentence = f"The admins are asked, because {reason} and there is no backup who is here."
        yield from _ask_admins(question, duty, sentence)


def _backup(target: Target, question: Question) -> Iterator[Asked | Trouble]:
    duty = _find_duty(target, question)
    if isinstance(duty, Trouble):
        yield duty
        return
    people = yield from _backups(duty, question)
    if not people:
        yield Trouble(
            question.rule,
            "nobody",
            f"{duty.task} has no backup",
            duty.row.at("backup"),
            "write who it is",
        )
    yield from (_to_person(person, duty) for person in people)


def _backups(duty: Duty, question: Question) -> Generator[Trouble, None, list[Person]]:
    """The backups, as the generator's value."""
    people, problems = named(question.data, duty.backup, duty.row.at("backup"), question.day)
    yield from _troubles(question, problems)
    return people


def _find_duty(target: Target, question: Question) -> Duty | Trouble:
    duty = question.data.duty(target.name)
    if duty:
        return duty
    known = {fold(d.task): d.task for d in question.data.duties}
    near = get_close_matches(fold(target.name), known, n=1, cutoff=0.8)
    fix = f"did you mean {known[near[0]]}?" if near else "add a row for it, or delete the rule"
    return Trouble(
        question.rule,
        "no_duty",
        f"the duties sheet has no {target.name!r}",
        f"remind.rules.{question.rule}",
        fix,
    )


def _away(person: Person, absence: Absence) -> str:
    until = f"{absence.last:%A} {absence.last.day} {absence.last:%B}"
    return f"{person.name} is away until {until}" + (
        f" ({absence.reason})" if absence.reason else ""
    )


def _troubles(question: Question, problems: list[Problem]) -> Iterator[Trouble]:
    for problem in problems:
        yield Trouble(question.rule, "bad_name", problem.what, problem.where, problem.fix)


_RESOLVERS: dict[TargetKind, Callable[[Target, Question], Iterator[Asked | Trouble]]] = {
    "presenters": _presenters,
    "admins": _admins,
    "channel": _channel,
    "person": _person,
    "role": _role,
    "duty": _duty,
    "backup": _backup,
}


def parse_target(value: Any) -> Target:
    """A target from the config. Raises the mistake that a validator reports."""
    if isinstance(value, Target):
        return value
    if isinstance(value, dict) and len(value) == 1:
        kind, name = next(iter(value.items()))
        if kind in _NAMED and isinstance(name, str) and name.strip():
            return Target(kind, name.strip())
    if value in ("presenters", "admins"):
        return Target(value)
    if isinstance(value, str) and is_channel(value):
        return Target("channel", value)
    raise mistake(f"{value!r} is nobody that labtool can ask", f"write one of {_FORMS}")


def _dump(target: Target) -> Any:
    return {target.kind: target.name} if target.kind in _NAMED else str(target)


OneTarget = Annotated[
    Target,
    PlainValidator(parse_target),
    PlainSerializer(_dump),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": 'presenters, admins or "#channel"'},
                *(
                    {
                        "type": "object",
                        "properties": {kind: {"type": "string"}},
                        "required": [kind],
                        "additionalProperties": False,
                    }
                    for kind in _NAMED
                ),
            ]
        }
    ),
]
Targets = Annotated[tuple[OneTarget, ...], OneOrMore()]
