"""Versions: which is newer, and what apt says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.report.versions import here, newer, waiting

APT = """NOTE: This is only a simulation!
Reading package lists...
Inst libssl3 [3.0.17-1] (3.0.18-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Inst linux-image-6 (6.1.1 Debian:12.12/oldstable [amd64]) []
Inst vim [2:9.0] (2:9.1 Debian:12.12/oldstable [amd64])
Conf libssl3 (3.0.18-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
"""
PARTS = st.lists(st.integers(0, 99), min_size=1, max_size=4)


def test_what_apt_says_is_counted() -> None:
    assert waiting(APT) == "3 updates of the system, 1 for security: sudo apt dist-upgrade"
    assert waiting("Reading package lists...\n") == ""


@pytest.mark.parametrize(
    ("version", "than", "is_newer"),
    [("2.10", "2.9", True), ("2.9", "2.10", False), ("1.0.0", "1", False), ("2.0", "1.9rc1", True),
     ("rubbish", "1", False), ("1", "", False), ("9" * 5000, "1", True)],
)  # fmt: skip
def test_which_is_newer(version: str, than: str, is_newer: bool) -> None:
    assert newer(version, than) is is_newer


@given(PARTS, PARTS)
def test_only_one_of_two_is_newer(one: list[int], other: list[int]) -> None:
    first, second = (".".join(map(str, each)) for each in (one, other))
    assert not (newer(first, second) and newer(second, first))
    assert not newer(first, first)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_has_an_answer(one: str, other: str) -> None:
    assert not (newer(one, other) and newer(other, one))


def test_what_is_here() -> None:
    found = here()
    assert found.system
    assert found.below["Python"]
    assert {"pydantic", "requests"} <= found.uses.keys()
    assert "pytest" not in found.uses
