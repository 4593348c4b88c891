"""People from a sheet and from the config's list."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.config.models import PersonEntry
from labtool.core.errors import Problem
from labtool.core.people import People, Person
from labtool.core.roster import from_both, from_entries, read_people
from labtool.core.tables import Grid

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def grid(*rows: tuple[str, ...]) -> Grid:
    return Grid("people", "people.csv", rows, NOW)


def test_columns_in_any_order_and_case() -> None:
    header = "Role|EMAIL| Name |aliases|birthday|from|to|shoe size|Channels"
    ann_row = "student|ann@lab.example|Ann  Lee|Annie; A. L.|3/14|2024-09-01||39|"
    bob_row = "||Bob Stone||1990-02-29||12/31/2026||mail, Slack"
    people, problems = read_people(grid(*(tuple(r.split("|")) for r in (header, ann_row, bob_row))))
    assert [str(p) for p in problems] == [
        "people:3:birthday: '1990-02-29' is not a day of the calendar; write 1990-03-14 or 03-14"
    ]
    ann, bob = people
    assert (ann.key, ann.name, ann.aliases) == ("ann-lee", "Ann Lee", ("Annie", "A. L."))
    assert (ann.email, ann.role, ann.birthday) == ("ann@lab.example", "student", (3, 14))
    assert (ann.start, ann.end) == (date(2024, 9, 1), None)
    assert (bob.end, bob.channels, bob.birthday) == (date(2026, 12, 31), ("mail", "slack"), None)


def test_bad_rows_are_reported_and_the_others_go_on() -> None:
    people, problems = read_people(
        grid(
            ("name", "email", "from", "to", "slack", "channels"),
            ("", "x@lab.example", "", "", "", ""),
            ("Ann Lee", "no address", "", "", "", "pigeon"),
            ("ann  LEE", "", "", "", "", ""),
            ("Bob Stone", "", "31/02/2026", "", "", ""),
            ("Cem Oz", "", "2026-05-01", "2026-04-01", "", ""),
            ("Eve Park", "eve@lab.example", "", "", "U 1", ""),
            ("Flo Ito", "", "", "", "", ""),
        )
    )
    assert [p.name for p in people] == ["Ann Lee", "Eve Park", "Flo Ito"]
    assert [p.where for p in problems] == [
        "people:2:name",
        "people:3:email",
        "people:3:channels",
        "people:4:name",
        "people:5:from",
        "people:6:to",
        "people:7:slack",
    ]


def test_no_address_can_break_a_header() -> None:
    for email in ("a@b\nBcc: x@y", "a b@c", "a@b, c@d", "<a@b>", "a@b\u202e", "@", "ann"):
        [person], [problem] = read_people(grid(("name", "email"), ("Ann Lee", email)))
        assert person.email == ""
        assert "is not a mail address" in problem.what


def test_the_list_of_the_config() -> None:
    entries = [
        PersonEntry.model_validate(
            {"name": "Ann Lee", "aliases": ["Annie"], "from": "2024-09-01", "channels": ["mail"]}
        ),
        PersonEntry.model_validate({"name": "Bob Stone", "birthday": "31/31"}),
    ]
    people, problems = from_entries(entries, lambda number: f"labtool.yaml:{number + 5}")
    assert (people[0].aliases, people[0].channels) == (("Annie",), ("mail",))
    assert people[0].start == date(2024, 9, 1)
    assert [p.where for p in problems] == ["labtool.yaml:6: birthday"]


def both(listed: list[dict[str, Any]], sheet: Grid) -> tuple[list[Person], list[Problem]]:
    entries = [PersonEntry.model_validate(entry) for entry in listed]
    return from_both(entries, lambda number: f"labtool.yaml:{number + 5}", sheet)


def test_list_and_sheet_join_and_the_list_counts() -> None:
    listed = [{"name": "Ann Lee", "email": "ann@lab.example"}]
    people, problems = both(listed, grid(("name",), ("Ánn lee",), ("Ann-Lee",)))
    assert problems == []
    assert [(p.name, p.email) for p in people] == [("Ann Lee", "ann@lab.example"), ("Ann-Lee", "")]
    assert len({p.key for p in people}) == 2


def test_keys_do_not_depend_on_the_order_of_rows() -> None:
    names = ("Bob Stone", "Bob-Stone", "Bob. Stone", "Ann Lee")

    def keys(order: tuple[str, ...]) -> dict[str, str]:
        people, _ = read_people(grid(("name",), *((name,) for name in order)))
        return {p.name: p.key for p in people}

    found = keys(names)
    assert found == keys(names[::-1])
    assert found["Ann Lee"] == "ann-lee"
    assert "bob-stone" not in found.values(), "it would say which of them stood there alone"
    people, _ = both([{"name": names[0]}], grid(("name",), *((name,) for name in names[1:])))
    assert {p.name: p.key for p in people} == found


@pytest.mark.parametrize(
    "text", ["U1><!channel", "u0123abcd", "@ann", "U012ABCD,U012ABCE", "C0123ABCD"]
)
def test_what_is_no_slack_id_is_left_out(text: str) -> None:
    [person], [problem] = read_people(grid(("name", "slack"), ("Ann Lee", text)))
    assert person.slack == ""
    assert (problem.where, "is not a Slack member id" in problem.what) == ("people:2:slack", True)


names = st.text(min_size=1, max_size=12)


@given(st.lists(st.tuples(names, st.text(max_size=20)), max_size=12))
def test_whatever_stands_there_keys_are_unique_and_nothing_is_lost(
    cells: list[tuple[str, str]],
) -> None:
    people, problems = read_people(grid(("name", "email"), *cells))
    assert len({p.key for p in people}) == len(people)
    assert all(p.key and p.name for p in people)
    named = [(name, email) for name, email in cells if name.strip() or email.strip()]
    assert len(people) + len([p for p in problems if p.where.endswith(":name")]) == len(named)
    People.of(people)


def test_an_alias_that_means_somebody_else_is_told_and_left_out() -> None:
    rows = [("name", "aliases"), ("Carl Xu", "Ann Lee; CX"), ("Dan", "Bob"), ("Ann Lee", "")]
    found, problems = read_people(grid(*rows, ("Bob Stone", "Bobby")))
    assert [(p.where, p.what) for p in problems] == [
        ("people:2:aliases", "'Ann Lee' is somebody's name"),
        ("people:3:aliases", "'Bob' is also Bob Stone's first name"),
    ]
    assert [p.aliases for p in found] == [("CX",), (), (), ("Bobby",)]
    people = People.of(found)
    meant = {"ann l": "Ann Lee", "ann": "Ann Lee", "bob": "Bob Stone", "cx": "Carl Xu"}
    assert {text: people.find(text).name for text in meant} == meant


@pytest.mark.parametrize("others_first", [True, False])
def test_somebodys_own_first_name_may_be_an_alias(others_first: bool) -> None:
    rows = [("Bob Stone", "Bob"), ("Bob Lee", "")]
    found, problems = read_people(grid(("name", "aliases"), *rows[:: -1 if others_first else 1]))
    assert problems == []
    assert People.of(found).find("bob").name == "Bob Stone"


def test_aliases_are_looked_at_over_list_and_sheet() -> None:
    listed = [{"name": "Carl Xu", "aliases": ["Ann Lee"]}]
    sheet = grid(("name", "aliases"), ("Ann Lee", "Carl"), ("Carl Xu", "Nobody"))
    found, problems = both(listed, sheet)
    assert [p.where for p in problems] == ["labtool.yaml:5: aliases", "people:2:aliases"]
    assert [(p.name, p.aliases) for p in found] == [("Carl Xu", ()), ("Ann Lee", ())]


def test_of_two_columns_with_one_name_the_first_counts() -> None:
    header = ("name", "Email", "email ", "notes", "notes")
    [ann], [problem] = read_people(grid(header, ("Ann Lee", "ann@lab.example", "x@y.example", "")))
    assert ann.email == "ann@lab.example"
    assert str(problem) == (
        "people:1:email: 2 columns are called email; the first counts; rename or remove the others"
    )
