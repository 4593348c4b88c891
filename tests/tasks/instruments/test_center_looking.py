"""An instrument as the server shows it: whether it is heard of, and when it will be free."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.tasks.instruments.center import NOON, Center, change, running, sent, state

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(("every", "patience"), [(0, 600), (30, 600), (600, 2400)])
def test_silence_is_four_signs_of_life_that_did_not_come(every: float, patience: float) -> None:
    center = Center()
    center.beat(state("idle", NOON), every=every)
    center.now = NOON + timedelta(seconds=patience - 1)
    assert center.look().life != "silent"
    center.now += timedelta(seconds=2)
    assert center.look().life == "silent"


def test_tell_silent_is_how_long_it_may_be_silent() -> None:
    center = Center(tell_silent="1h")
    center.beat(state("idle", NOON), every=1)
    center.now = NOON + 59 * MINUTE
    assert center.look().life != "silent"
    center.now += 2 * MINUTE
    assert center.look().life == "silent"


def test_the_servers_own_absence_is_nobodys_silence() -> None:
    center = Center()
    center.keeping.listens(NOON)
    center.beat(state("idle", NOON))
    center.now = NOON + HOUR  # it was away, and is back
    center.keeping.listens(center.now)
    assert center.look().life != "silent"
    center.now += 9 * MINUTE
    assert center.look().life != "silent"
    center.now += 2 * MINUTE
    assert center.look().life == "silent"


def test_a_short_restart_does_not_begin_the_patience_anew() -> None:
    center = Center()
    center.beat(state("idle", NOON))
    for minutes in range(0, 12, 2):
        center.keeping.listens(NOON + minutes * MINUTE)
    center.now = NOON + 11 * MINUTE
    assert center.look().life == "silent"


def test_a_time_that_was_pretended_is_no_beginning() -> None:
    center = Center()
    center.keeping.listens(NOON + timedelta(days=9000))
    center.beat(state("idle", NOON))
    center.now = NOON + 11 * MINUTE
    assert center.look().life == "silent"
    center.keeping.listens(center.now)
    assert center.look().life != "silent"


def test_free_by_the_step_that_was_reached_last_for_the_first_time() -> None:
    """A person is waited for before step 1; steps 1 and 2 come again and again."""
    center = Center()
    for number, wait in enumerate((0, 60, 120, 240, 400, 480)):
        began = NOON - timedelta(days=6 - number)
        steps = [(5, 10), (1, 20 + wait), (2, 40 + wait), (1, 300 + wait), (2, 500 + wait)]
        center.run_of("Calibration", began, 600 + wait, steps=steps)
    center.say("started Calibration", running("Calibration", NOON))
    for number, seconds in ((5, 10), (1, 920), (2, 940), (1, 1200), (2, 1400)):
        at = NOON + timedelta(seconds=seconds)
        center.now = at
        center.say("step Calibration", running("Calibration", NOON, number), at)
        free = center.look().free
        assert free
        if number != 5:
            assert free.at == free.low == free.high == NOON + timedelta(seconds=1500)
            assert not free.late(center.now)
    center.now = NOON + timedelta(seconds=1501)
    assert free.late(center.now)


def test_times_at_the_end_of_all_times_break_nothing() -> None:
    center = Center()
    old, end = datetime(1971, 1, 2, tzinfo=UTC), datetime(8999, 1, 1, tzinfo=UTC)
    for number in range(5):
        began = old + timedelta(seconds=number)
        center.run_of("X", began, (end - began).total_seconds())
    center.say("started X", running("X", end), end)
    found = center.look()
    assert (found.free, found.busy) == (None, True)
    center.beat(running("X", end), old)
    assert center.look().free is None
    assert center.tell() != []
    center.beat(running("X", old), end)
    assert center.tell() == []


def test_a_clock_that_is_behind_is_taken_into_account() -> None:
    center = Center()
    for days in range(1, 7):
        center.run_of("Startup", NOON - timedelta(days=days), 600)
    wrong = NOON - HOUR
    center.say("started Startup", running("Startup", wrong), wrong)
    center.beat(running("Startup", wrong), wrong)
    found = center.look()
    assert found.skew == HOUR
    assert found.life == "live"
    assert found.free
    assert found.free.at == NOON + 10 * MINUTE
    assert not found.free.late(NOON + 9 * MINUTE)
    center.say("ended Startup", state("idle", wrong), wrong, "done")
    assert center.look().life == "live"  # its last row is of now
    center.now = NOON + 20 * MINUTE
    center.beat(state("idle", wrong), center.now - HOUR)
    assert center.look().life == "quiet"


def test_a_clock_that_is_off_by_seconds_is_right() -> None:
    center = Center()
    center.beat(state(), NOON - timedelta(seconds=50))
    assert center.look().skew == timedelta(0)


def test_what_is_on_its_way_is_known_to_be() -> None:
    center = Center()
    center.say("login", state("idle", NOON))
    center.keeping.take("a", sent(change(2, NOON, "x", state()), more=True), NOON)
    assert center.look().behind
