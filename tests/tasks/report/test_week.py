"""How a week went, and what in it was not as usual."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from labtool.core.journal import Entry
from labtool.tasks.report.week import speeds, unusual, weeks, went

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECONDS = st.floats(0, 1e6)
SOME = st.lists(SECONDS, max_size=30)


def run(number: int, seconds: float | None = 1.0, status: str = "done", error: str = "") -> Entry:
    at = START + timedelta(hours=number)
    return Entry(number, "backup", "", (), at, at, seconds, status, 0, {}, error)


def the_week(runs: list[Entry], earlier: list[Entry]) -> tuple[str, list[str]]:
    [found] = weeks(runs, earlier, lambda one: one.task, lambda one: True)
    return went(found), speeds(found)


def test_a_week_in_words() -> None:
    runs = [run(1, 600), run(2, 620), run(3, 1, "failed", "nas: is away\nmore"),
            run(4, 1, "temporary")]  # fmt: skip
    said, unusual_ = the_week(runs, [])
    assert said == ("backup: 4 runs, 1 failed, 1 met something that was away, 10 min"
                    " (nas: is away)")  # fmt: skip
    assert unusual_ == []


def test_slow_and_quick_runs_are_pointed_out() -> None:
    usual = [run(one, 600 + one) for one in range(9)]
    _, said = the_week([run(20, 3000), run(21, 2500), run(22, 2), run(23, 605)], usual)
    assert said == [
        "backup: 2 runs took long, up to 50 min; usually 10 min",
        "backup: 1 run took only 2.0 s or little more; usually 10 min: was all of it done?",
    ]


def test_of_few_runs_nobody_knows_what_is_usual() -> None:
    assert unusual([3000], [600.0] * 7) == (None, None)
    assert unusual([3000], [600.0] * 8)[0] is not None


def test_what_is_nobodys_is_left_out() -> None:
    assert weeks([run(1)], [], lambda _: "", lambda _: True) == []


def test_what_failed_stands_first() -> None:
    runs = [run(1), run(2, 1, "failed", "x")]
    names = {1: "a", 2: "b"}
    found = weeks(runs, [], lambda one: names[one.id], lambda _: True)
    assert [one.name for one in found] == ["b", "a"]


@given(SECONDS, SOME)
def test_what_is_usual_is_never_unusual(usual: float, few: list[float]) -> None:
    assert unusual([usual], [usual] * 9) == (None, None)
    slow, quick = unusual(few, few)
    for found in (slow, quick):
        assert found is None or found.count < len(few)


@given(SOME, SOME)
def test_a_run_is_slow_or_quick_and_by_a_factor_of_two(took: list[float], few: list[float]) -> None:
    slow, quick = unusual(took, few)
    if slow:
        assert slow.farthest > 2 * slow.usual
    if quick:
        assert quick.farthest < quick.usual / 2
    assert (slow.count if slow else 0) + (quick.count if quick else 0) <= len(took)
