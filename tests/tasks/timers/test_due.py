"""Which timers are due, and that none is lost or doubled."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.schedule import parse_when
from labtool.tasks.timers.due import Decision, Slot, decide

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)
DAILY = {"duties": parse_when("daily 09:00")}


def test_a_new_timer_counts_from_now_and_does_not_run() -> None:
    assert decide(DAILY, {}, BERLIN, NOON) == Decision((), ("duties",))
    assert decide(DAILY, {"duties": None}, BERLIN, NOON) == Decision((), ("duties",))
    assert decide(DAILY, {"duties": NOON}, BERLIN, NOON) == Decision((), ())


def test_what_was_missed_for_days_is_due_once() -> None:
    last_week = NOON - timedelta(days=7)
    due = decide(DAILY, {"duties": last_week}, BERLIN, NOON).due
    assert due == (Slot("duties", datetime(2026, 11, 22, 8, tzinfo=UTC)),)
    assert decide(DAILY, {"duties": due[0].scheduled}, BERLIN, NOON).due == ()


def test_the_longest_overdue_comes_first() -> None:
    schedules = {"often": parse_when("every 3m"), **DAILY, "weekly": parse_when("mon 09:00")}
    handled = dict.fromkeys(schedules, NOON - timedelta(days=8))
    due = decide(schedules, handled, BERLIN, NOON).due
    assert [slot.name for slot in due] == ["weekly", "duties", "often"]


def test_a_mark_from_a_wrong_clock_does_not_silence_a_timer() -> None:
    decision = decide(DAILY, {"duties": NOON + timedelta(days=900)}, BERLIN, NOON)
    assert decision == Decision((), ("duties",))
    seconds_ahead = {"duties": NOON + timedelta(seconds=20)}
    assert decide(DAILY, seconds_ahead, BERLIN, NOON) == Decision((), ())


@settings(deadline=None)
@given(
    st.sampled_from(["every 30m", "daily 02:30", "0 */2 * * *", "sun 02:10", "45 1,2 * * *"]),
    st.sampled_from(["2026-03-28", "2026-10-24"]),
    st.lists(st.integers(1, 300), min_size=1, max_size=40),
)
def test_however_often_it_is_asked_each_instant_is_covered_once(
    when: str, day: str, waits: list[int]
) -> None:
    schedules = {"timer": parse_when(when)}
    start = now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    mark = now
    ran: list[datetime] = []
    for minutes in waits:
        now += timedelta(minutes=minutes)
        for slot in decide(schedules, {"timer": mark}, BERLIN, now).due:
            ran.append(slot.scheduled)
            mark = slot.scheduled
    expected = []
    moment = start
    while (moment := schedules["timer"].next_after(moment, BERLIN)) <= now:
        expected.append(moment)
    assert ran == sorted(set(ran))
    assert set(ran) <= set(expected)
    assert ran[-1:] == expected[-1:]
