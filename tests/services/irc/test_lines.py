"""Text on its way out fits, is whole, and is nothing but text."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from labtool.core.text import clean
from labtool.services.irc.lines import addressable, readable, room, split
from labtool.services.irc.wire import parse

TEXTS = st.text() | st.text(st.sampled_from("ab é🧪\u0301\u200d\ufe0f🏽\n\r\t \x03\x01\0"))


def dense(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, st.integers(4, 120))
@example("e" + "\u0301" * 100, 9)
@example("\u0301" * 9, 4)
def test_nothing_is_lost_and_all_fits(text: str, limit: int) -> None:
    lines = split(text, limit)
    assert all(0 < len(line.encode()) <= limit for line in lines)
    assert all(line == line.strip() and line.isprintable() for line in map(clean, lines)) or any(
        not c.isprintable() and unicodedata.category(c) not in ("Cc", "Cs", "Co") for c in text
    )
    assert dense("".join(lines)) == dense(clean(text.replace("\r", "\n")))


@given(TEXTS, st.integers(4, 450))
def test_it_never_becomes_a_command(text: str, limit: int) -> None:
    for line in split(text, limit):
        assert not set(line) & set("\r\n\0\x01")
        said = parse(f"PRIVMSG #lab :{line}")
        assert said is not None
        assert (said.command, said.args) == ("PRIVMSG", ("#lab", line))


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)))
def test_cuts_fall_between_words(words: list[str]) -> None:
    assert " ".join(split(" ".join(words), 45)).split() == " ".join(words).split()


def test_cuts_spare_what_is_drawn_as_one() -> None:
    assert split("aaaa" + "e\u0301", 6) == ["aaaa", "e\u0301"]
    assert split("aaaaa👩\u200d🔬", 15) == ["aaaaa", "👩\u200d🔬"]
    assert split("aaaa👍🏽", 10) == ["aaaa", "👍🏽"]
    assert split("aaaa❤\ufe0f", 8) == ["aaaa", "❤\ufe0f"]
    assert "".join(split("👩" + "\u200d👩" * 50, 20)) == "👩" + "\u200d👩" * 50


def test_lines() -> None:
    assert split("one two three", 7) == ["one two", "three"]
    assert split("one\n\n two\r\nthree\rfour\u2028five", 99) == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert split(" \t\n", 99) == []
    assert split("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert "\u202e" not in split("a\u202eb", 99)[0]


@given(st.integers(0, 150), st.text(st.characters(categories=["L"]), min_size=1, max_size=30))
def test_room_is_what_the_relayed_line_leaves(prefix: int, target: str) -> None:
    length = prefix or 100
    relayed = f":{'p' * length} PRIVMSG {target} :{'t' * room(prefix, target)}\r\n"
    assert len(relayed.encode()) == 512


@given(st.text())
def test_targets_are_one_word(target: str) -> None:
    if addressable(target):
        line = parse(f"PRIVMSG {target} :x")
        assert line is not None
        assert line.args == (target, "x")
        assert "," not in target


def test_nicks_of_all_kinds_are_addressable() -> None:
    for target in ("#lab", "&lab", "[o]`^{|}_\\-9", "@#lab", "#läb"):
        assert addressable(target)
    for target in ("", ":x", "a b", "a,b", "a\nb", "$*", "*!*@*", "x" * 300):
        assert not addressable(target)


@given(st.text())
def test_what_is_heard_is_readable(text: str) -> None:
    found = readable(text)
    assert not any(unicodedata.category(c) == "Cc" for c in found if c != "\n")
    assert readable("\x0304,01red\x03 \x02b\x0f \x04ff0000x\x1f 3\x0399") == "red b x 3"
