"""Many sources at once: real threads, that wait for events and not for the clock."""

import itertools
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from labtool.core.errors import Failed, LabtoolError
from labtool.tasks.cache import refresh
from labtool.tasks.cache.refresh import Job, ask_all
from labtool.tasks.cache.sources._base import Answer
from labtool.tasks.cache.turns import Turn


def test_one_that_hangs_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "_GRACE", 0.1)
    never = threading.Event()

    def hang(_now: datetime) -> Answer:
        never.wait()
        return Answer(None)

    def fail(_now: datetime) -> Answer:
        raise Failed("no")

    def bug(_now: datetime) -> Answer:
        raise ZeroDivisionError

    jobs = [Job(f"hangs{n}", hang, 0.2) for n in range(3)]
    jobs += [Job(f"good{n}", lambda _now: Answer(1), 5) for n in range(20)]
    jobs += [Job("fails", fail, 5), Job("bug", bug, 5)]
    started = time.monotonic()
    outcomes = {outcome.name: outcome for outcome in ask_all(jobs, at_once=4)}
    assert time.monotonic() - started < 5
    never.set()
    assert set(outcomes) == {job.name for job in jobs}
    assert all(outcomes[f"good{n}"].answer == Answer(1) for n in range(20))
    assert "gave no answer in 0.2 s" in str(outcomes["hangs0"].error)
    assert isinstance(outcomes["fails"].error, LabtoolError)
    assert isinstance(outcomes["bug"].error, ZeroDivisionError)


def test_no_more_than_so_many_at_once() -> None:
    inside, most, guard = [0], [0], threading.Lock()
    barrier = threading.Barrier(3)

    def work(_now: datetime) -> Answer:
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        barrier.wait(5)  # three must be here together, or it breaks
        with guard:
            inside[0] -= 1
        return Answer(None)

    outcomes = list(ask_all([Job(str(n), work, 5) for n in range(9)], at_once=3))
    assert [outcome.error for outcome in outcomes] == [None] * 9
    assert most == [3]


def test_many_that_hang_leave_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "_GRACE", 0.1)
    never = threading.Event()

    def hang(_now: datetime) -> Answer:
        never.wait()
        return Answer(None)

    jobs = [Job(f"hangs{n}", hang, 3) for n in range(20)]
    jobs += [Job(f"good{n}", lambda _now: Answer(1), 5) for n in range(4)]
    first = [outcome.name for outcome in itertools.islice(ask_all(jobs), 4)]
    never.set()
    assert sorted(first) == [f"good{n}" for n in range(4)]


def test_a_turn_ends_when_both_are_done(tmp_path: Path) -> None:
    turn = Turn.take(tmp_path, "x")
    assert turn is not None
    assert Turn.take(tmp_path, "y") is not None
    for _ in range(2):
        assert Turn.take(tmp_path, "x") is None
        turn.done()
    again = Turn.take(tmp_path, "x")
    assert again is not None
    again.give_back()
    assert Turn.take(tmp_path, "x") is not None
