import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.tasks.ptg.subscriptions import Subscriptions, why_not

PATTERNS = st.sampled_from(
    [
        "nova",
        "#nova.*test|python *3",
        "(a+)+$",
        "",
        ".*",
        "MiXeD",
        "ÜBER",
        "x{2,3}",
        "[a-c]d?e",
        "(",
    ]
)
TEXTS = st.sampled_from(
    ["#nova now a test", "#NOVA now Python  3", "aaaaaaaaaa", "über mixed", "xxx", "bde", "", "ß"]
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), PATTERNS | st.none()), max_size=120),
    st.integers(0, 120),
    TEXTS,
)
def test_the_filter_finds_what_one_by_one_finds(
    changes: list[tuple[str, str | None]], first: int, text: str
) -> None:
    """However many changed since the filter was made."""
    start = dict(changes[:first])
    many = Subscriptions(start)
    many.matching("warm up")
    for who, pattern in changes[first:]:
        many.put(who, pattern)
    alone = {who for who, one in dict(changes).items() if Subscriptions({"x": one}).matching(text)}
    found = many.matching(text)
    assert sorted(found) == sorted(alone)


def test_more_changes_than_are_kept_loose() -> None:
    many = Subscriptions({f"n{n}": f"topic {n}$" for n in range(200)})
    assert many.matching("topic 7") == ["n7"]
    for n in range(100, 200):
        many.put(f"n{n}", None)
    many.put("n7", "other")
    assert many.matching("topic 7") == []
    assert many.matching("topic 150") == []
    assert set(many.matching("topic 50 OTHER")) == {"n7"}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing"),
        ("(?=x)", "looks ahead"),
        (r"(a)\1", "references back"),
        ("***", "repetition"),
        ("((a{30}){30}){30}", "too large"),
        ("x" * 201, "longer than 200"),
        ("((?:(?:a|b|ab|.))?a?){1000}z$", "too large"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_a_reason(pattern: str, why: str) -> None:
    assert why in why_not(pattern)
    assert Subscriptions({"x": pattern}).matching("x") == []


def test_no_pattern_runs_for_ever() -> None:
    evil = Subscriptions(
        {f"n{n}": p for n, p in enumerate(["(a+)+$", "(a|a)*b", "(.*a){25}$"] * 50)}
    )
    started = time.process_time()
    for _ in range(20):
        evil.matching("a" * 480 + "!")
    assert time.process_time() - started < 5
