"""Which timers are overdue, and which rows there are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from labtool.core.config.models import Timer
from labtool.core.journal import Entry
from labtool.tasks.report.timetable import Line, timetable

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def ran(
    started: datetime, task: str = "x", *arguments: str, number: int = 1, timer: str = "",
    minutes: float | None = 0, status: str = "done",
) -> Entry:  # fmt: skip
    ended = None if minutes is None else started + timedelta(minutes=minutes)
    return Entry(number, task, timer, arguments, started, ended, None, status, 0)


def line(when: str, last: Entry | None, now: datetime, grace: str = "1h", **more: object) -> Line:
    timer = Timer.model_validate({"run": "x", "when": when, "grace": grace})
    found = {last.command: last} if last else {}
    [one] = timetable({"t": timer}, {}, found, START, ZONE, now, **more)  # type: ignore[arg-type]
    return one


SCHEDULES = st.sampled_from(
    ["every 1m", "every 15m", "hourly", "daily 09:00", "daily 02:30", "mon,thu 09:00"]
)  # fmt: skip


@given(
    SCHEDULES,
    st.integers(0, 400 * 1440),
    st.integers(0, 40 * 1440),
    st.integers(0, 3 * 1440),
    st.integers(0, 3000),
)
def test_overdue_begins_once_and_lasts_until_it_runs(
    when: str, begun: int, waited: int, grace: int, later: int
) -> None:
    """From its grace after the first time that was missed on, without a break."""
    last = ran(START + timedelta(minutes=begun))
    now = last.started + timedelta(minutes=waited)
    timer = Timer.model_validate({"run": "x", "when": when})
    first = timer.when.next_after(last.started, ZONE)
    found = line(when, last, now, f"{grace}m")
    assert found.overdue_since == (first if now > first + timedelta(minutes=grace) else None)
    if found.overdue_since:
        again = line(when, last, now + timedelta(minutes=later), f"{grace}m")
        assert again.overdue_since == found.overdue_since
        assert line(when, ran(now), now, f"{grace}m").overdue_since is None


def test_one_that_runs_each_minute_and_does_not() -> None:
    last = ran(START)
    assert line("every 1m", last, START + timedelta(minutes=50)).overdue_since is None
    late = line("every 1m", last, START + timedelta(hours=3))
    assert late.overdue_since == START + timedelta(minutes=1)
    assert line("every 1m", None, START + timedelta(days=3)).overdue_since


def test_what_comes_due_while_it_runs_is_not_missed() -> None:
    hours = START + timedelta(hours=3)
    assert line("every 1m", ran(START, minutes=175), hours).overdue_since is None
    still = ran(START, minutes=None, status="running")
    assert line("every 1m", still, hours, going={1}).overdue_since is None
    # One that was killed does not run.
    assert line("every 1m", still, hours).overdue_since


def test_a_row_for_each_command_and_none_for_what_was_typed() -> None:
    entries = [
        ran(START, "jobs", "say", "site deploy moon", number=1),
        ran(START, "jobs", "say", "something private", number=2),
        ran(START, "jobs", "say", "mistyped", number=3, status="usage"),
        ran(START, "jobs", "run", "x_y", "name=secret", number=4),
        ran(START, "cache", "weather", number=5),
        ran(START, "cache", "visits", number=6),
        ran(START, "jobs-work", number=7),
    ]
    timers = {"jobs": Timer.model_validate({"run": "jobs work", "when": "every 1m"})}
    found = timetable(
        timers, {}, {e.command: e for e in entries}, START, ZONE, START + timedelta(minutes=5)
    )
    assert [(one.name, one.last.id) for one in found if one.last] == [
        ("jobs", 7), ("cache", 6), ("jobs run", 4), ("jobs say", 2),
    ]  # fmt: skip
    assert not any("private" in one.command or "secret" in one.command for one in found)
