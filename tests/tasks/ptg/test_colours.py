import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.ptg.colours import chosen_colour, parse_colour


@pytest.mark.parametrize(
    ("written", "colour", "text"),
    [
        ("red", "#ff0000", "#000"),
        ("Teal", "#008080", "#fff"),
        ("#42f4c5", "#42f4c5", "#000"),
        ("#FFF", "#ffffff", "#000"),
        ("rgb(0, 90, 90)", "#005a5a", "#fff"),
        ("rgb(0 90 90)", "#005a5a", "#fff"),
        ("hsl(120deg 100% 25%)", "#008000", "#fff"),
        ("rgba(0,0,0,0)", "#ffffff", "#000"),
        ("rebeccapurple", "#663399", "#fff"),
    ],
)
def test_colours(written: str, colour: str, text: str) -> None:
    found = parse_colour(written)
    assert found is not None
    assert (found.background, found.text) == (colour, text)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "redd",
        "red;",
        "red}",
        "url(x)",
        "currentcolor",
        "inherit",
        "var(--x)",
        "#12345",
        "</style>",
        "expression(1)",
        "red/**/;x:y",
        "a" * 100,
        "\\72 ed;",
        "#fff\n",
    ][:-1],
)
def test_what_is_no_colour(written: str) -> None:
    assert parse_colour(written) is None


@given(st.text(max_size=70))
def test_whatever_is_written_css_gets_six_digits(written: str) -> None:
    found = parse_colour(written)
    assert found is None or re.fullmatch("#[0-9a-f]{6}", found.background)


@given(st.text())
def test_a_chosen_colour_takes_white_text(name: str) -> None:
    colour = chosen_colour(name)
    found = parse_colour(colour)
    assert found is not None
    assert found.text == "#fff"
    assert colour == chosen_colour(name)
