"""What a run prints: nothing of a secret, however it comes in pieces; and at once."""

import os
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from labtool.core.masking import conceal, mask, settled
from labtool.core.shell.output import Output
from tests.lab import poll

SECRETS = (
    "a-secret-of-the-lab",
    "a-secret-of-the-lab-x",
    "geheim-äöü🧬",
    "abcabc-abcab",
)
for _secret in SECRETS:
    conceal(_secret)
# Each is the beginning, the end or the middle of another one, or reaches into it.
NESTED = ("αβαβ", "αβαβγ", "αβαβγδ", "βαβγ", "βαβ", "γδαβ", "δδδδ", "δδδδδ")
for _secret in NESTED:
    conceal(_secret, 3)


def printed(path: Path, pieces: list[bytes], most: int = 10_000_000) -> bytes:
    """The file of a run that prints these, one after the other."""
    reading, writing = os.pipe()
    output = Output(reading, path, most)
    output.start()
    for piece in pieces:
        os.write(writing, piece)
        time.sleep(0)
    os.close(writing)
    output.join()
    return path.read_bytes()


def test_a_secret_in_pieces_at_the_end_of_a_long_line(tmp_path: Path) -> None:
    before = b"x" * 65_530
    path = tmp_path / "out"
    reading, writing = os.pipe()
    output = Output(reading, path, 10_000_000)
    output.start()
    with os.fdopen(os.dup(writing), "wb") as file:
        file.write(before + b"a-secret-")
    poll(lambda: path.stat().st_size == len(before))
    os.write(writing, b"of-the-lab and so on")
    # What is no beginning of a secret is there at once, without the end of a line.
    poll(lambda: path.read_bytes().startswith(before + b"*** and so"))
    os.close(writing)
    output.join()


def in_pieces(text: str, sizes: list[int]) -> str:
    """What is left of a text that comes in pieces of these sizes, over and over."""
    rest, out = "", ""
    at = number = 0
    while at < len(text):
        size = sizes[number % len(sizes)]
        whole = rest + text[at : at + size]
        ready = settled(whole)
        out, rest = out + mask(whole[:ready]), whole[ready:]
        at, number = at + size, number + 1
    return out + mask(rest)


@given(
    st.lists(st.sampled_from([*NESTED, *"αβγδ", "x", "***"]), max_size=12),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_in_pieces_it_is_masked_as_it_is_whole(words: list[str], sizes: list[int]) -> None:
    assert in_pieces("".join(words), sizes) == mask("".join(words))


@given(
    st.lists(st.sampled_from([*SECRETS, "abc", "a", "-", "\n", "é", "x" * 50, "ä"]), max_size=12),
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
)
def test_whatever_the_pieces(words: list[str], sizes: list[int]) -> None:
    text = "".join(words)
    out = in_pieces(text, sizes)
    assert not any(secret in out for secret in SECRETS)
    # What is no part of a secret is all there.
    assert out.count("x") == text.count("x") - text.replace("x" * 50, "").count("x")


def test_bytes_that_are_no_text_arrive(tmp_path: Path) -> None:
    raw = bytes(range(256)) * 3 + "🧬".encode()[:2]
    assert printed(tmp_path / "out", [raw[:100], raw[100:]]) == raw
    said = printed(tmp_path / "out", [b"x" * 5000], most=1000)
    assert said == b"x" * 1000 + b"\n[labtool: 4000 more bytes were left out]\n"
