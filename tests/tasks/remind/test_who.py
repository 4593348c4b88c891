"""Who is asked, who instead, and what the admins hear."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from labtool.core.people import Person
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.plan import Trouble
from labtool.tasks.remind.who import Asked, Question, Target, parse_target, resolve
from tests.tasks.remind.invented import ANN, EVERYBODY, lab

TODAY = date(2026, 11, 22)
MONDAY = date(2026, 11, 23)


def ask(
    data: LabData, target: Target, day: date = TODAY
) -> tuple[list[tuple[str, str]], list[Trouble]]:
    question = Question("rule", data, day, (day, MONDAY), data.meetings.on(MONDAY))
    found = list(resolve(target, question))
    asked = [(f.to.name, f.instead_of) for f in found if isinstance(f, Asked)]
    return asked, [f for f in found if isinstance(f, Trouble)]


def duty(
    main: str, backup: str = "Bob", absences: str = "", day: date = TODAY
) -> tuple[list[tuple[str, str]], list[str]]:
    data, problems = lab(
        duties=f"task,interval,main,backup\nBreakfast,weekly,{main},{backup}\n",
        absences=f"person,from,to,reason\n{absences}",
    )
    assert problems == []
    asked, troubles = ask(data, Target("duty", "breakfast"), day)
    return asked, [str(trouble) for trouble in troubles]


def test_the_main_person_is_asked() -> None:
    assert duty("Carla") == ([("carla-diaz", "")], [])


def test_each_of_several_main_people_is_asked() -> None:
    assert duty("Ann / carla") == ([("ann-lee", ""), ("carla-diaz", "")], [])


def test_without_a_main_person_the_backup_is_asked_and_the_admins_are_warned() -> None:
    asked, troubles = duty("")
    assert asked == [
        ("bob-stone", "You are asked as the backup, because nobody who could do it is down for "
                      "Breakfast.")
    ]  # fmt: skip
    assert troubles == [
        "duties:2:main: Breakfast has no main person; the backup (Bob Stone) will be asked; "
        "write who does it"
    ]


def test_without_main_and_backup_the_admins_are_asked() -> None:
    asked, troubles = duty("TBD", "-")
    assert [name for name, _ in asked] == ["ann-lee"]
    assert "the admins will be asked" in troubles[0]


@pytest.mark.parametrize("days", ["2026-11-22,2026-11-22", "2026-11-23,2026-11-30"])
def test_who_is_away_on_the_day_or_at_the_meeting_is_replaced(days: str) -> None:
    asked, troubles = duty("Carla", absences=f"Carla,{days},conference\n")
    ((name, why),) = asked
    assert name == "bob-stone"
    assert "because Carla Díaz is away until" in why
    assert why.endswith("(conference).")
    assert troubles == []


@pytest.mark.parametrize("days", ["2026-11-01,2026-11-21", "2026-11-24,2026-11-30"])
def test_other_absences_do_not_matter(days: str) -> None:
    assert duty("Carla", absences=f"Carla,{days},\n") == ([("carla-diaz", "")], [])


def test_one_of_two_is_away() -> None:
    asked, troubles = duty("Ann / Carla", absences="Carla,2026-11-22,,\n")
    assert [name for name, _ in asked] == ["ann-lee", "bob-stone"]
    assert troubles == []


def test_main_and_backup_are_away() -> None:
    away = "Carla,2026-11-20,2026-11-29,\nBob,2026-11-22,2026-11-24,ill\n"
    asked, troubles = duty("Carla", absences=away)
    assert asked == [
        ("ann-lee", "The admins are asked, because Carla Díaz is away until Sunday 29 November "
                    "and there is no backup who is here.")
    ]  # fmt: skip
    assert len(troubles) == 1
    assert troubles[0].startswith("duties:2:backup: nobody can do Breakfast")


@pytest.mark.parametrize(
    ("main", "what"),
    [
        ("Carlo", "duties:2:main: 'Carlo' matches nobody (nearest: Carla Díaz)"),
        ("An", "duties:2:main: 'An' could be Ann Lee or Anna Berg or Ansgar Roth"),
        ("Anna", "duties:2:main: Anna Berg is in the lab only from 2027-01-01"),
    ],
)
def test_a_name_that_finds_nobody_is_named_and_the_backup_is_asked(main: str, what: str) -> None:
    people = [*EVERYBODY, Person("ansgar-roth", "Ansgar Roth")]
    data, _ = lab(duties=f"task,main,backup\nBreakfast,{main},Bob", people=people)
    asked, troubles = ask(data, Target("duty", "Breakfast"))
    assert [name for name, _ in asked] == ["bob-stone"]
    assert str(troubles[0]).startswith(what)


def test_siblings_of_an_unknown_name_are_asked() -> None:
    asked, troubles = duty("Zoe & Carla")
    assert asked == [("carla-diaz", "")]
    assert troubles[0].startswith("duties:2:main: 'Zoe' matches nobody")


def test_who_left_is_not_asked() -> None:
    asked, troubles = duty("Dev / Carla", day=date(2026, 12, 1))
    assert [name for name, _ in asked] == ["carla-diaz"]
    assert troubles[0].startswith("duties:2:main: Dev Rao is in the lab only until 2026-11-30")


def test_an_unknown_duty_names_the_nearest() -> None:
    data, _ = lab(duties="task,main,backup\nBreakfast,Ann,Bob")
    asked, troubles = ask(data, Target("duty", "Brekfast"))
    assert asked == []
    assert "did you mean Breakfast?" in str(troubles[0])
    _, troubles = ask(data, Target("duty", "Break room"))
    assert "add a row for it, or delete the rule" in str(troubles[0])


def test_presenters_roles_people_channels_backups_admins() -> None:
    data, _ = lab(
        duties="task,main,backup\nBreakfast,Ann,Bob / Carla",
        meetings="date,type,presenters\n2026-11-23,GM,Ann / Zoe / TBD / Bobby",
    )
    asked, troubles = ask(data, Target("presenters"))
    assert [name for name, _ in asked] == ["ann-lee", "bob-stone"]
    assert [t.where for t in troubles] == ["meetings:2:presenters"]
    assert ask(data, Target("role", "Student"))[0] == [("carla-diaz", ""), ("dev-rao", "")]
    assert ask(data, Target("role", "pope"))[1][0].code == "nobody"
    assert ask(data, Target("person", "Bobby"))[0] == [("bob-stone", "")]
    assert ask(data, Target("channel", "#lab"))[0] == [("#lab", "")]
    assert ask(data, Target("backup", "breakfast"))[0] == [("bob-stone", ""), ("carla-diaz", "")]
    assert ask(data, Target("admins"))[0] == [("ann-lee", "")]


def test_no_admins_is_a_trouble() -> None:
    data, _ = lab(admins=())
    assert ask(data, Target("admins"))[1][0].code == "no_admins"


@dataclass(frozen=True)
class Event:
    summary: str
    start: date = MONDAY
    end: date = MONDAY
    emails: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("event", "away"),
    [
        (Event("Carla: vacation"), ["carla-diaz"]),
        (Event("Vacation (Carla Diaz)"), ["carla-diaz"]),
        (Event("out", emails=("ANN@example.org",)), ["ann-lee"]),
        (Event("Bobby and Ann away"), ["ann-lee", "bob-stone"]),
        (Event("Annual leave"), []),
        (Event(""), []),
    ],
)
def test_a_calendar_says_who_is_away(event: Event, away: list[str]) -> None:
    data, _ = lab(events=[event])
    assert sorted(a.person for a in data.absences) == away


def test_names_in_the_absences_sheet_are_checked() -> None:
    _, problems = lab(absences="person,from,to\nAnn / Zoe,2026-11-01,")
    assert [str(p) for p in problems] == [
        "absences:2:person: 'Zoe' matches nobody; write a name as in the list of people"
    ]


@pytest.mark.parametrize(
    "value", ["", "nobody", None, 3, {}, {"duty": ""}, {"duty": "a", "role": "b"}, {"x": "y"}, "#"]
)
def test_other_recipients_are_mistakes(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        parse_target(value)


NAMES = ["Ann", "Bob Stone", "Carla", "Dev", "Zoe", "TBD", "", "anna", "🤷", "a" * 500]


@given(
    st.lists(st.sampled_from(NAMES), max_size=4).map(" / ".join),
    st.lists(st.sampled_from(NAMES), max_size=3).map(" & ".join),
    st.sets(st.sampled_from(["Ann", "Bob", "Carla", "Dev"])),
)
def test_a_duty_is_always_asked_of_somebody_who_is_here(
    main: str, backup: str, away: set[str]
) -> None:
    data, _ = lab(
        duties=f"task,main,backup\nBreakfast,{main},{backup}",
        absences="person,from,to\n" + "".join(f"{n},2026-11-22,2026-11-23\n" for n in sorted(away)),
    )
    asked, troubles = ask(data, Target("duty", "Breakfast"))
    absent = {absence.person for absence in data.absences}
    names = [name for name, _ in asked]
    assert names
    assert len(set(names)) == len(names)
    assert not absent & set(names) - {ANN.key}
    assert names != [ANN.key] or troubles or "ann" in (main + backup).casefold()
