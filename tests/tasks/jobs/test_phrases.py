"""Commands and what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.phrases import Phrase, hints, nearest, overlap, tidy


@pytest.mark.parametrize(
    ("command", "said", "found"),
    [
        ("say hello [name]", "say hello Bob", {"name": "Bob"}),
        ("say hello [name]", "  SAY   Hello  Bob the  2nd ", {"name": "Bob the  2nd"}),
        ("say hello [name]", "say hello", None),
        ("say hello [name]", "say hello a\nb", {"name": "a\nb"}),
        ("move [a] to [b]", "move x to y to z", {"a": "x", "b": "y to z"}),
        ("deploy", "deploy", {}),
        ("deploy", "deploy now", None),
        ("a.b (c) [x]", "a.b (c) $(x)", {"x": "$(x)"}),
        ("a.b", "axb", None),
        ("größe [x]", "GRÖSSE 1", None),
        ("größe [x]", "GRÖßE 1", {"x": "1"}),
    ],
)
def test_what_is_said(command: str, said: str, found: dict[str, str] | None) -> None:
    assert Phrase.of(command).match(said) == found


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=50).filter(lambda t: t == t.strip())
)
def test_a_parameter_is_taken_as_it_is(text: str) -> None:
    assert Phrase.of("say [x]").match(f"say {text}") == {"x": text}


def test_what_is_too_long_is_not_cut() -> None:
    text = "b" * 50_000
    assert Phrase.of("copy [x] to [y]").match(f"copy {text} to {text[:-9]}") is not None
    assert Phrase.of("copy [x] to [y]").match(f"copy {text} to {text}") is None


@pytest.mark.parametrize("text", ["", "[x] y", "a [b", "a b]", "a [x] [x]", "a [x-y]"])
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Phrase.of(text)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("say [x]", "say hello", True),
        ("say [x]", "tell [x]", False),
        ("a [x] b", "a [x] c", False),
        ("a [x]", "a", False),
        ("a [x] b", "[y]b".replace("[y]", "a q "), True),
        ("a [x] b", "a c [y]", True),
        ("Deploy", "deploy", True),
        ("deploy site", "deploy sites", False),
        ("a [x] d", "a b [y] c d", True),
    ],
)
def test_what_two_commands_both_match(one: str, other: str, both: bool) -> None:
    left, right = Phrase.of(one), Phrase.of(other)
    assert overlap(left, right) is both
    assert overlap(right, left) is both


WORDS = st.lists(st.sampled_from(["a", "b", "[x]", "[y]"]), min_size=1, max_size=4, unique=True)


@given(WORDS, WORDS, st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5))
def test_overlap_is_never_missed(one: list[str], other: list[str], said: list[str]) -> None:
    left, right = (Phrase.of(" ".join(["go", *words])) for words in (one, other))
    text = " ".join(["go", *said])
    if left.match(text) is not None and right.match(text) is not None:
        assert overlap(left, right)


def test_around_it() -> None:
    assert tidy("  deploy site.  ") == "deploy site"
    assert tidy("wait...") == "wait..."
    assert nearest("exmaple say helo", ["example say hello", "other"]) == ["example say hello"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ops deploy staging", ["ops deploy [where] for [who]"]),
        ("deploy staging", ["ops deploy [where] for [who]"]),
        ("OPS  Deploy", ["ops deploy [where] for [who]"]),
        ("say", ["ops say hello [name]"]),
        ("ops sya helo Bob", ["ops say hello [name]"]),
        ("12345 67890", []),
    ],
)
def test_what_may_have_been_meant(said: str, meant: list[str]) -> None:
    known = ["ops deploy [where] for [who]", "ops say hello [name]", "example hello again"]
    assert hints(said, known)[:1] == meant[:1]
    assert len(hints(said, known)) <= 3
