"""When the bot does not answer."""

import pytest

from labtool.tasks.ptg.call import Speaker
from labtool.tasks.ptg.silence import Silence

TRACKS = {"nova"}


def row(silence: Silence, text: str, *, start: float = 0, step: float = 1) -> list[int]:
    """What is left after each of five such lines, by somebody who changes nick."""
    return [
        silence.answers(Speaker(f"eve{n}", "e@h"), text, TRACKS, start + n * step) for n in range(5)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I do not know hello; did you mean help?",
        "out takes nothing more: out",
        "in",
        "#nova",
        "#nova (Ballroom A) now: hello",
        "#nvoa now x",
        "~what",
        "+hello",
    ],
)
def test_three_lines_are_answered(text: str) -> None:
    assert row(Silence("+"), text) == [3, 2, 1, 0, 0]


@pytest.mark.parametrize("text", ["help", "+seen bob", "IN nova", "#nova now x", "~list", "what"])
def test_commands_are_always_answered(text: str) -> None:
    assert row(Silence("+"), text) == [3] * 5


def test_a_command_ends_the_silence() -> None:
    silence = Silence("+")
    assert row(silence, "hello")[-1] == 0
    assert silence.answers(Speaker("bob", "b@h"), "hello", TRACKS, 5) == 3
    assert silence.answers(Speaker("eve", "e@h"), "hello", TRACKS, 10_000) == 0
    assert silence.answers(Speaker("eve", "e@h"), "out", TRACKS, 10_001) == 3
    assert row(silence, "hello", start=10_002) == [3, 2, 1, 0, 0]


def test_who_errs_now_and_then_is_answered() -> None:
    assert min(row(Silence("+"), "hello", step=200)) > 0


def test_a_channel_is_not_counted() -> None:
    silence = Silence("+")
    channel = Speaker("eve", "e@h", channel="#event")
    assert [silence.answers(channel, "+helo", TRACKS, n) for n in range(5)] == [3] * 5
