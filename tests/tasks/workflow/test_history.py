"""How runs have ended, and whether fewer than usual were completed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from labtool.services.engine.records import CLOSED
from labtool.tasks.workflow.history import Ended, history, told

NOW, DAY = 1_800_000_000.0, 86400.0
ENDED = st.builds(
    Ended, st.sampled_from(["a", "b"]), st.sampled_from(CLOSED),
    st.floats(NOW - 20 * DAY, NOW + DAY),
)  # fmt: skip


def usual(each: int, days: int) -> list[Ended]:
    return [
        Ended("a", "completed", NOW - day * DAY - 60 * number)
        for day in range(1, days + 1)
        for number in range(1, each + 1)
    ]


def test_the_subject_says_what_went_wrong_first() -> None:
    ended = [Ended("a", "completed", NOW - 1)] * 12 + [Ended("b", "failed", NOW - 2)]
    found = history(ended, NOW, 4)
    assert found.subject == "Workflows, 4 h: 1 failed, 12 completed"
    assert told(found).splitlines()[2:] == ["a: 12 completed", "b: 1 failed"]


def test_a_fall_is_pointed_out() -> None:
    found = history([*usual(10, 8), Ended("a", "completed", NOW - 5)], NOW, 4)
    assert found.usual == 10
    assert found.subject == "Workflows, 4 h: only 1 completed"
    assert "Usually 10" in told(found)


def test_none_at_all_is_a_fall_too() -> None:
    assert history(usual(10, 8), NOW, 4).fell


def test_half_of_the_usual_is_none() -> None:
    half = [Ended("a", "completed", NOW - 5)] * 5
    assert not history([*usual(10, 8), *half], NOW, 4).fell


def test_of_few_days_or_few_runs_nothing_is_said() -> None:
    assert not history(usual(10, 4), NOW, 4).fell
    assert not history(usual(3, 14), NOW, 4).fell


@given(st.lists(ENDED, max_size=60), st.floats(0.1, 48))
def test_the_counts_are_those_of_the_hours(ended: list[Ended], hours: float) -> None:
    found = history(ended, NOW, hours)
    within = [one for one in ended if 0 <= NOW - one.at < hours * 3600]
    assert found.total == Counter(one.state for one in within)
    assert len(found.subject) < 110
