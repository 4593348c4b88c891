"""Who is meant by a name in a sheet."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.people import NoMatch, People, Person, fold, split_names

PEOPLE = People.of(
    [
        Person("ann-lee", "Ann Lee", aliases=("Annie",), role="student"),
        Person("ann-ohara", "Ann O'Hara", end=date(2026, 6, 30)),
        Person("bjorn", "Björn Åkesson", role="Postdoc"),
        Person("chiara", "Chiara Rossi", role="postdoc"),
        Person("christos", "Christos Pappas"),
    ]
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann Lee", "ann-lee"),
        ("  ann   LEE ", "ann-lee"),
        ("annie", "ann-lee"),
        ("ann-lee", "ann-lee"),
        ("Ann O\N{RIGHT SINGLE QUOTATION MARK}Hara", "ann-ohara"),
        ("Bjorn Akesson", "bjorn"),
        ("bjorn", "bjorn"),
        ("Björn", "bjorn"),
        ("Chi", "chiara"),
        ("Christos P", "christos"),
    ],
)
def test_a_name_finds_its_person(text: str, key: str) -> None:
    assert PEOPLE.find(text).key == key


@pytest.mark.parametrize("text", ["Ann", "ch", ""])
def test_a_name_of_several_is_refused(text: str) -> None:
    with pytest.raises(NoMatch) as caught:
        PEOPLE.find(text)
    if text:
        assert caught.value.ambiguous
        assert len(caught.value.nearest) == 2


def test_of_two_the_one_who_is_here_is_meant() -> None:
    assert PEOPLE.find("Ann", date(2026, 7, 1)).key == "ann-lee"
    with pytest.raises(NoMatch):
        PEOPLE.find("Ann", date(2026, 6, 30))


def test_a_misspelt_name_names_the_nearest() -> None:
    with pytest.raises(NoMatch) as caught:
        PEOPLE.find("Chirstos")
    assert caught.value.nearest[0] == "Christos Pappas"
    assert str(caught.value).startswith("'Chirstos' matches nobody (nearest: Christos Pappas")
    with pytest.raises(NoMatch, match=r"matches nobody$"):
        PEOPLE.find("Zebedee")


def test_a_list_of_unknown_names_ends_soon() -> None:
    people = People.of(Person(f"p-{n}", f"Person {n:05} Of A Long List") for n in range(1000))
    found = []
    for number in range(1000):
        with pytest.raises(NoMatch) as caught:
            people.find(f"Persona {number:05} Of Another List")
        found.append(bool(caught.value.nearest))
    assert (any(found[:50]), any(found[50:])) == (True, False)


@pytest.mark.parametrize(
    "cell",
    ["Ann / Bob", "Ann & Bob", "Ann, Bob", "Ann and Bob", "Ann;Bob", "Ann\nBob", "/Ann//Bob/"],
)
def test_several_people_in_a_cell(cell: str) -> None:
    assert split_names(cell) == ["Ann", "Bob"]


def test_a_name_with_and_in_it_is_one() -> None:
    assert split_names("Andrea Sandoval") == ["Andrea Sandoval"]


def test_roles() -> None:
    assert [p.key for p in PEOPLE.with_role("postdoc", date(2026, 1, 1))] == ["bjorn", "chiara"]


@given(st.text(min_size=1))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_any_text_finds_somebody_or_nobody(text: str) -> None:
    try:
        found = PEOPLE.find(text)
    except NoMatch:
        return
    assert found in PEOPLE.everyone


def test_a_full_name_counts_before_an_alias_and_that_before_a_first_name() -> None:
    ann = Person("ann-lee", "Ann Lee")
    carl = Person("carl-xu", "Carl Xu", aliases=("Ann Lee", "Bob"))
    bob = Person("bob-stone", "Bob Stone")
    for order in ((ann, carl, bob), (carl, bob, ann)):
        people = People.of(order)
        assert people.find("ann lee") == ann
        assert people.find("bob") == carl
        assert people.find("Bob Stone") == bob
