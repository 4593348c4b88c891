"""What `labtool check` finds in rules and names, beyond what the config's models see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from labtool.core.config import Config
from labtool.core.config.marks import Loc
from labtool.core.errors import LabtoolError, Problem
from labtool.core.messages import Recipient
from labtool.core.people import People, Person, fold
from labtool.core.tables import Row, misspelt
from labtool.core.text import counted
from labtool.services.build import Services
from labtool.tasks.remind import texts
from labtool.tasks.remind.data import Duty, LabData
from labtool.tasks.remind.layouts import plain
from labtool.tasks.remind.load import as_error, load
from labtool.tasks.remind.meetings import Meeting, Meetings
from labtool.tasks.remind.odd import odd
from labtool.tasks.remind.plan import Trouble
from labtool.tasks.remind.rules._base import RuleOptions, TimedRule
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.values import about, personal
from labtool.tasks.remind.who import Asked, Question, named, resolve


@dataclass(slots=True)
class Checked:
    """What was looked at: the channels that rules post to, each with the rule's place in the
    config (`spoken`), what can be said of the sheets (`proved`, `notes`), and every mistake in
    rules, in sheets and in the names in them."""

    spoken: list[tuple[Loc, str]] = field(default_factory=list)
    proved: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def check(
    config: Config, services: Services, today: date, fail: Callable[[LabtoolError], None]
) -> Checked:
    """Look at all that the reminders need; what cannot be read is given to `fail`, and what
    depends on it is left out."""
    section = config.section("remind", Remind)
    found = Checked(_spoken(section), problems=_missing(config, section, services))
    told = {str(as_error(problem, services)) for problem in services.people_problems}

    def note(error: LabtoolError) -> None:
        if str(error) not in told:
            fail(error)

    data = load(config, section, services, today, note, set())
    found.notes = _misspelt(config, section, services, data) + odd(section, data, config.where)
    found.problems += check_rules(section, data, config.where)
    if len(data.people):
        found.problems += check_names(data)
    planned = len(data.meetings.planned(today)) if section.rules else 0
    found.proved = (
        f"reminders: {counted(len(section.rules), 'rule')},"
        f" {counted(len(data.duties), 'duty', 'duties')}, {counted(planned, 'meeting')} to come,"
        f" {counted(len(data.absences), 'absence')}"
    )
    return found


def _spoken(section: Remind) -> list[tuple[Loc, str]]:
    found: list[tuple[Loc, str]] = []
    for name, rule in section.rules.items():
        loc = ("remind", "rules", name)
        if hasattr(rule, "channel"):
            found.append((loc, rule.channel or section.channel))
        found += [((*loc, "to"), t.name) for t in rule.targets() if t.kind == "channel"]
    return found


def _misspelt(config: Config, section: Remind, services: Services, data: LabData) -> list[str]:
    """Columns of plain sheets that look like ones that would be used."""
    notes = []
    for role, known in plain.COLUMNS.items():
        name = getattr(section, role) or role
        there = name in services.sheets and role not in data.missing
        if there and config.core.sheets[name].layout == "plain":
            notes += misspelt(services.sheets.read(name), known)
    return notes


def _missing(config: Config, section: Remind, services: Services) -> list[Problem]:
    """Sheets that rules need and the config does not have."""
    problems = []
    for name, rule in section.rules.items():
        for sheet in sorted(rule.needs()):
            if not getattr(section, sheet) and sheet not in services.sheets:
                loc = ("remind", "rules", name)
                fix = f"add {sheet}: under sheets:"
                what = f"needs the sheet {sheet}, which the config does not have"
                problems.append(Problem(config.where(*loc), what, fix, ".".join(loc)))
    return problems


def check_rules(section: Remind, data: LabData, where: Callable[..., str]) -> list[Problem]:
    """The mistakes in texts, conditions and recipients of the rules. `where` gives the
    place in the file of a path in the config, such as `where("remind", "rules", NAME)`."""
    problems = []
    rule: RuleOptions
    for name, rule in section.rules.items():
        for option, what, fix in (
            *_texts(section, rule),
            *_conditions(section, rule),
            *_targets(name, rule, data),
        ):
            loc = ("remind", "rules", name, option)
            problems.append(Problem(where(*loc), what, fix, ".".join(loc)))
    return problems


def check_names(data: LabData) -> list[Problem]:
    """Names in the duties, and in the meetings to come, that find nobody or several."""
    problems = []
    for duty in data.duties:
        if not duty.main:
            fix = "write who does it; until then the backup is asked, and you hear of it"
            what = f"{duty.task} has no main person"
            problems.append(Problem(duty.row.at("main"), what, fix))
        for column, cell in (("main", duty.main), ("backup", duty.backup)):
            problems += named(data, cell, duty.row.at(column), data.as_of)[1]
    for meeting in data.meetings.planned(data.as_of):
        if meeting.takes_place:
            problems += named(data, meeting.presenters, meeting.presenters_at, meeting.date)[1]
    return problems


def _texts(section: Remind, rule: RuleOptions) -> Iterator[tuple[str, str, str]]:
    known = _sample(section) | dict(rule.extra_values())
    for option, template in rule.texts().items():
        for what in texts.mistakes(template, known):
            yield option, what, "see the values that texts can use in the example config"


def _conditions(section: Remind, rule: RuleOptions) -> Iterator[tuple[str, str, str]]:
    codes = {fold(code) for code in section.types}
    for condition in rule.if_ if isinstance(rule, TimedRule) else ():
        for code in condition.type:
            if fold(code) not in codes:
                fix = f"write one of {', '.join(section.types)}, or add it to remind.types"
                yield "if", f"{code!r} is not a type of meeting", fix


def _targets(name: str, rule: RuleOptions, data: LabData) -> Iterator[tuple[str, str, str]]:
    """Recipients that the config names and the sheets do not know."""
    if rule.needs() & data.missing:
        return
    question = Question(name, data, data.as_of, ())
    for target in rule.targets():
        for found in resolve(target, question):
            if isinstance(found, Trouble) and found.where.startswith("remind."):
                yield "duty" if rule.kind == "duty" else "to", found.what, found.fix


class _AnyColumn(dict[str, str]):
    """A sample row: whatever column a text names, there is something in it."""

    def __missing__(self, column: str) -> str:
        return column


def _sample(section: Remind) -> dict[str, Any]:
    """The values of an invented Monday, with everything that a text may name."""
    ann = Person("ann-lee", "Ann Lee", email="ann@example.org", birthday=(11, 23))
    row = Row("sample", 2, _AnyColumn())
    day = date(2026, 11, 23)
    code = next(iter(section.types), "GM")
    meeting = Meeting(day, code, "Ann Lee", "a note", "9:00", "10:30", "Room 5", row)
    data = LabData(day, people=People.of([ann]), meetings=Meetings.of([meeting]))
    common = about(section, data, day, meeting)
    common["next_meeting"], common["coming"] = common["meeting"], [common["meeting"]]
    duty = Duty("Breakfast", "weekly", "Ann Lee", "Bob Stone", row)
    asked = Asked(Recipient("person", ann.key), ann, duty, "You are asked as the backup.")
    return personal(common, asked, [ann])
