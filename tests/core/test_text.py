"""Text from people never becomes markup, and never moves a cursor."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.text import clean, link, mention, one_line, plain, render, tally


@given(st.text())
def test_cleaned_text_is_harmless(text: str) -> None:
    found = clean(text)
    assert clean(found) == found
    assert not any(c < " " and c not in "\n\t" for c in found)
    assert not any("\x7f" <= c <= "\x9f" for c in found)
    assert plain(found) == found


def test_escape_sequences_lose_their_escape() -> None:
    assert clean("\x1b[31mred\x1b[0m \x9b2J\u202egnp.exe\r\n") == "[31mred[0m 2Jgnp.exe\n"


@given(st.text(), st.text(), st.text())
def test_tokens_survive_and_the_rest_is_escaped(before: str, name: str, after: str) -> None:
    text = clean(before) + mention("ann", name) + clean(after)
    shown = render(text, escape=html.escape, mention=lambda person, name: f"<@{person}>")
    assert shown == html.escape(clean(before)) + "<@ann>" + html.escape(clean(after))


@given(st.text(), st.text())
def test_a_name_cannot_forge_a_token(name: str, title: str) -> None:
    assert render(mention("ann", name), mention=lambda p, n: f"[{p}]") == "[ann]"
    assert render(link("https://x", title), link=lambda u, t: u) == "https://x"


def test_plain_text_reads_well() -> None:
    text = f"Hi {mention('ann', 'Ann')}: {link('https://x', 'slides')}, {link('https://y')}"
    assert plain(text) == "Hi Ann: slides <https://x>, https://y"


def test_one_line() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 400, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (1, "troubles", "1 trouble"),
        (2, "troubles", "2 troubles"),
        (1, "tables restored", "1 table restored"),
        (1, "of other machines", "1 of other machines"),
        (1, "sent", "1 sent"),
    ],
)
def test_a_count_by_its_name(number: int, name: str, said: str) -> None:
    assert tally(number, name) == said
