from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.errors import UsageError
from labtool.tasks.cache.due import chosen, is_due
from labtool.tasks.cache.sources.command import Options

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def source(every: str) -> Options:
    return Options.model_validate({"kind": "command", "every": every, "run": ["true"]})


SOURCES = {"a": source("3m"), "b": source("15m"), "c": source("15m")}


def test_what_is_due() -> None:
    tried = {"a": NOW - timedelta(minutes=3), "b": NOW - timedelta(minutes=5)}
    assert chosen(SOURCES, tried, NOW) == ["a", "c"]
    assert chosen(SOURCES, tried, NOW, force=True) == ["a", "b", "c"]
    assert chosen(SOURCES, tried, NOW, names=["b"]) == ["b"]
    assert chosen(SOURCES, tried, NOW, every=timedelta(minutes=15)) == ["b", "c"]
    with pytest.raises(UsageError, match="there is no source x"):
        chosen(SOURCES, tried, NOW, names=["x"])
    with pytest.raises(UsageError, match="no source has this beat"):
        chosen(SOURCES, tried, NOW, every=timedelta(hours=1))


@given(st.integers(60, 86_400), st.integers(0, 200_000))
def test_a_beat(every: int, ago: int) -> None:
    beat, tried = timedelta(seconds=every), NOW - timedelta(seconds=ago)
    due = is_due(beat, tried, NOW)
    assert due or ago < every
    assert not due or ago >= every * 0.9 - 1
    assert is_due(beat, NOW + timedelta(days=999), NOW)
