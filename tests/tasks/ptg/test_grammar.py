import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.ptg.grammar import Asked, Vocabulary, parse, readable
from labtool.tasks.ptg.verbs import VERBS

WORDS = Vocabulary(VERBS["user"], VERBS["track"], VERBS["admin"])
TRACKS = {"nova", "info", "k8s-sig"}


def in_channel(text: str) -> Asked | None:
    return parse(text, WORDS, TRACKS, private=False, own_name="eventbot")


def in_private(text: str) -> Asked | None:
    return parse(text, WORDS, TRACKS, private=True, own_name="eventbot")


@pytest.mark.parametrize(
    "text",
    [
        "+1",
        "+1 from me",
        "+100",
        "+that would be nice",
        "+here we go",
        "~last week it was",
        "#todo next week",
        "++",
        "+",
        "#startmeeting nova",
        "#info we agreed",
        "#action now bob does it",
        "#link https://example.org now",
        "#",
        "# nova now x",
        "~10 people came",
        "~",
        "~~~",
        "hello there",
        "nova now x",
        "in the pub",
        "eventbot is nice",
        "",
        "   ",
        "#random talk",
        "http://example.org/#nova now",
    ],
)
def test_ordinary_talk_is_not_answered(text: str) -> None:
    tracks = {"nova"}
    assert parse(text, WORDS, tracks, private=False, own_name="eventbot") is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("+in the pub", Asked("user", "in", "the pub")),
        ("+IN #Nova", Asked("user", "in", "#Nova")),
        ("#in #nova", Asked("user", "in", "#nova")),
        ("#out", Asked("user", "out")),
        ("+seen  Bob ", Asked("user", "seen", "Bob")),
        ("#NOVA Now multi  attach", Asked("track", "now", "multi attach", "NOVA")),
        ("+#nova next x", Asked("track", "next", "x", "nova")),
        ("#info now really", Asked("track", "now", "really", "info")),  # a track of that name
        ("#nvoa now x", Asked("track", "now", "x", "nvoa")),
        ("#nova rocks", Asked("track", "rocks", "", "nova")),
        ("#nova", Asked("track", "", "", "nova")),
        ("~LIST", Asked("admin", "list")),
        ("~motd add info hi there", Asked("admin", "motd", "add info hi there")),
        ("~lsit", Asked("admin", "lsit")),
        ("+sbuscribe nova", Asked("user", "sbuscribe", "nova")),
        ("eventbot: in nova", Asked("user", "in", "nova")),
        ("EventBot, #nova now x", Asked("track", "now", "x", "nova")),
        ("eventbot: what is this", Asked("user", "what", "is this")),
        ("\x02\x0304,05#nova\x03 now\x0f \x1dx", Asked("track", "now", "x", "nova")),
    ],
)
def test_commands_in_a_channel(text: str, asked: Asked) -> None:
    assert in_channel(text) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("in the pub", Asked("user", "in", "the pub")),
        ("+in the pub", Asked("user", "in", "the pub")),
        ("#subscribe #nova.*|x", Asked("user", "subscribe", "#nova.*|x")),
        ("subscribe + .*", Asked("user", "subscribe", "+ .*")),
        ("#what now x", Asked("user", "what", "now x")),
        ("#unknown now x", Asked("track", "now", "x", "unknown")),
        ("~emptydb", Asked("admin", "emptydb")),
        ("hello", Asked("user", "hello")),
        ("~nonsense", Asked("admin", "nonsense")),
    ],
)
def test_commands_in_private(text: str, asked: Asked) -> None:
    assert in_private(text) == asked


def test_an_empty_line_is_nothing() -> None:
    assert in_private(" \x02 ") is None


def test_another_prefix() -> None:
    words = Vocabulary(WORDS.user, WORDS.track, WORDS.admin, prefix="!")
    assert parse("!in x", words, TRACKS, private=False) == Asked("user", "in", "x")
    assert parse("+in x", words, TRACKS, private=False) is None


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for asked in (in_channel(text), in_private(text)):
        if asked is not None:
            assert asked.kind in VERBS
            assert all(part == readable(part) for part in (asked.verb, asked.rest, asked.track))


@given(st.text())
def test_what_is_read_is_one_clean_line(text: str) -> None:
    line = readable(text)
    assert line == " ".join(line.split())
    assert not any(ord(c) < 32 or ord(c) == 127 or c in "\u202e\u2066" for c in line)
