"""Many sources at once: real threads, that wait for events and not for the clock."""

import threading
import time
from datetime import datetime

import pytest

from labtool.core.errors import Failed, LabtoolError
from labtool.tasks.cache import refresh
from labtool.tasks.cache.refresh import Job, ask_all
from labtool.tasks.cache.sources._base import Answer


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
