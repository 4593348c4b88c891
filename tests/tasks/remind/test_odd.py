"""What `labtool check` notes of sheets that are seldom meant so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from labtool.tasks.remind.odd import odd
from tests.tasks.remind.invented import EVERYBODY, lab, section

START = date(2026, 9, 7)
WEEKS = [START + timedelta(weeks=n) for n in range(20)]


def notes(days: list[date], rule: str = "announcement", birthdays: bool = True) -> list[str]:
    sheet = "date,type,presenters\n" + "".join(f"{day},GM,Ann\n" for day in days)
    remind = section(f"rules:\n  r: {{kind: {rule}}}")
    people = EVERYBODY if birthdays else [replace(person, birthday=None) for person in EVERYBODY]
    data, _ = lab(remind, meetings=sheet, people=people)
    return odd(remind, data, lambda *_: "labtool.yaml:3")


@pytest.mark.parametrize("days", [WEEKS, WEEKS[::-1], [], WEEKS[:1], [*WEEKS[1::2], *WEEKS[::2]]])
def test_sheets_in_order_and_without_any(days: list[date]) -> None:
    assert notes(days) == []


@pytest.mark.parametrize("backwards", [False, True])
def test_a_date_out_of_order(backwards: bool) -> None:
    days = [*WEEKS[:5], WEEKS[5].replace(year=2025), *WEEKS[6:]]
    found = notes(days[::-1] if backwards else days)
    row = 16 if backwards else 7
    assert found == [f"meetings:{row}:date: 2025-10-12 is out of order; is it the right date?"]


def test_a_date_far_away() -> None:
    far, *rest = notes([*WEEKS, date(2062, 11, 23)])
    assert (far, rest) == (
        "meetings:22:date: 2062-11-23 is more than a year away; is it the right date?",
        [],
    )


def test_a_lab_without_birthdays() -> None:
    [note] = notes(WEEKS, "birthdays", birthdays=False)
    assert note.startswith("labtool.yaml:3: remind.rules.r: nobody has a birthday")
    assert notes(WEEKS, birthdays=False) == notes(WEEKS, "birthdays") == []
