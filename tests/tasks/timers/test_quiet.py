"""When nothing is expected to run."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from labtool.core.config.models import Timer
from labtool.tasks.timers.quiet import UNKNOWN, expected, frequent, quiet, windows

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # the clocks change in the night
WHENS = ("every 5m", "every 15m", "every 1h", "daily 02:30", "sun 03:15", "17 * * * *")


def timer(when: str) -> Timer:
    return Timer.model_validate({"run": "status", "when": when})


def test_between_two_runs() -> None:
    timers = {"often": timer("every 15m"), "backup": timer("daily 02:30")}
    until = NOW + timedelta(hours=6)
    busy = expected(timers, {"backup": timedelta(minutes=40)}, ZONE, NOW, until)
    found = windows(busy, NOW, until)
    first = quiet(found, timedelta(minutes=14))
    assert first is not None
    assert (first.begins, first.then) == (NOW + UNKNOWN, "often")
    assert quiet(found, timedelta(minutes=15)) is None


def test_what_starts_too_often_is_left_out() -> None:
    timers = {name: timer(when) for name, when in zip("abcdef", WHENS, strict=True)}
    until = NOW + timedelta(hours=24)
    assert frequent(timers, ZONE, NOW, until, timedelta(minutes=5)) == []
    assert frequent(timers, ZONE, NOW, until, timedelta(minutes=6)) == ["a"]
    assert frequent(timers, ZONE, NOW, until, timedelta(minutes=16)) == ["a", "b"]
    assert frequent(timers, ZONE, NOW, until, timedelta(hours=2)) == ["a", "b", "c", "f"]


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(WHENS), max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 300), max_size=4),
    st.integers(1, 240),
)
def test_nothing_runs_in_a_window_and_none_is_missed(
    whens: dict[str, str], minutes: dict[str, int], wanted: int
) -> None:
    timers = {name: timer(when) for name, when in whens.items()}
    lasts = {name: timedelta(minutes=number) for name, number in minutes.items()}
    until = NOW + timedelta(hours=24)
    busy = expected(timers, lasts, ZONE, NOW, until)
    found = windows(busy, NOW, until)
    for window in found:
        assert NOW <= window.begins < window.ends <= until
        assert not [b for b in busy if b.begins < window.ends and window.begins < b.ends]
    # Every minute of the day is in a window, or something runs in it.
    at = NOW
    while at < until:
        free = any(window.begins <= at < window.ends for window in found)
        assert free or any(b.begins <= at < b.ends for b in busy)
        at += timedelta(minutes=7)
    first = quiet(found, timedelta(minutes=wanted))
    if first is None:
        assert all(window.lasts < timedelta(minutes=wanted) for window in found)
    else:
        assert not [
            w for w in found if w.begins < first.begins and w.lasts >= timedelta(minutes=wanted)
        ]
