"""What somebody sees who is to say yes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.errors import Failed
from labtool.tasks.jobs.approval import fits, shown

HIDDEN = ("\ufe0f", "\u3164", "\u2800", "\u200b", "\u202e", "\u00a0", "\U000e0041", "\u0301",
          "\x1b", "\n", "*", "_", "~", "`", "\u115f")  # fmt: skip


@pytest.mark.parametrize("char", HIDDEN)
def test_what_hides_is_written_out(char: str) -> None:
    assert char not in shown({"x": f"a{char}b"}).replace("\\n", "")
    assert shown({"x": f"a{char}b"}) != shown({"x": "ab"})


def test_what_people_write_is_as_they_write_it() -> None:
    assert shown({"where": "São Paulo 東京 é🧬 -x"}) == 'where = "São Paulo 東京 é🧬 -x"'


@given(st.text(max_size=50), st.text(max_size=50))
def test_two_texts_never_look_the_same(one: str, other: str) -> None:
    if one != other:
        assert shown({"x": one}) != shown({"x": other})
    assert not re.search(r"[*_~`\n\u200b-\u200f\u202a-\u202e\ufe00-\ufe0f]", shown({"x": one}))


def test_what_is_too_long_to_be_seen_is_refused() -> None:
    fits({"x": "a" * 2000})
    with pytest.raises(Failed, match="3000 can be shown"):
        fits({"x": "`" * 1000})
