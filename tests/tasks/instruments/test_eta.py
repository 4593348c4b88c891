"""When it will be free: pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.instruments.center.eta import LEAST, estimate
from labtool.tasks.instruments.center.runs import Finished

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(seconds: float, outcome: str = "done", **steps: float) -> Finished:
    return Finished(
        "Startup", "ann", NOON, seconds, outcome, {int(k[1:]): v for k, v in steps.items()}
    )


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert estimate([run(60)] * (LEAST - 1), NOON, None, None) is None
    assert estimate([run(60)] * (LEAST - 1) + [run(9, "cancelled")], NOON, None, None) is None
    assert estimate([run(60)] * LEAST, NOON, None, None) is not None


def test_the_median_and_eight_of_ten() -> None:
    found = estimate([run(60 * n) for n in range(1, 12)], NOON, None, None)
    assert found
    assert found.at == NOON + timedelta(minutes=6)
    assert (found.low, found.high) == (NOON + timedelta(minutes=2), NOON + timedelta(minutes=10))
    assert not found.late(NOON + timedelta(minutes=10))
    assert found.late(NOON + timedelta(minutes=11))


def test_steps_say_more_where_only_the_beginning_varies() -> None:
    before = [run(wait + 100, s5=wait) for wait in (10, 50, 200, 400, 900, 1500)]
    at = NOON + timedelta(seconds=700)
    found = estimate(before, NOON, 5, at)
    assert found
    assert found.low == found.at == found.high == at + timedelta(seconds=100)
    # At a step that nobody knows, the whole has to do.
    assert estimate(before, NOON, 7, at) == estimate(before, NOON, None, None)


@given(st.lists(st.floats(0, 1e6), min_size=LEAST, max_size=60), st.integers(0, 3))
def test_the_range_holds_the_median(seconds: list[float], step: int) -> None:
    before = [run(s, s1=s / 3, s2=s / 2) for s in seconds]
    found = estimate(before, NOON, step, NOON + timedelta(seconds=5))
    assert found
    assert found.low <= found.at <= found.high
    assert found.runs == len(seconds)
