"""OnCalendar lines, read by systemd itself and compared with the schedule they stand for."""

import heapq
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from labtool.core.schedule import parse_when
from labtool.tasks.timers.oncalendar import on_calendar

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
_ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+): \w{3} (\S+ \S+) UTC")


@pytest.mark.parametrize(
    ("when", "lines"),
    [
        ("every 3m", ["*-*-* *:00/3:00 UTC"]),
        ("every 1m", ["*-*-* *:*:00 UTC"]),
        ("every 6h", ["*-*-* 00,06,12,18:00:00 UTC"]),
        ("hourly", ["*-*-* *:00:00 UTC"]),
        ("daily 09:05", ["*-*-* 09:05:00 UTC"]),
        ("mon..fri 09:00", ["Mon..Fri *-*-* 09:00:00 UTC"]),
        ("mon,thu,sun 09:00", ["Mon,Thu,Sun *-*-* 09:00:00 UTC"]),
        ("monthly 1 09:00", ["*-*-01 09:00:00 UTC"]),
        ("5,10 8-10 1 1,7 *", ["*-01,07-01 08..10:05,10:00 UTC"]),
        ("0 9 */15 * 1", ["Mon *-*-01,16,31 09:00:00 UTC"]),
        ("0 9 1,15 * 1", ["*-*-01,15 09:00:00 UTC", "Mon *-*-* 09:00:00 UTC"]),
        ("0 9 L * *", ["*-*~01 09:00:00 UTC"]),
        ("0 9 1,L * */2", [f"Tue,Thu,Sat..Sun *-*{day} 09:00:00 UTC" for day in ("-01", "~01")]),
        ("0 9 L 2 *", ["*-02~01 09:00:00 UTC"]),
        ("0 9 * * 5L", ["Fri *-*~07/1 09:00:00 UTC"]),
        ("0 9 * * 1#2", ["Mon *-*-08..14 09:00:00 UTC"]),
        ("0 9 * * */2", ["Tue,Thu,Sat..Sun *-*-* 09:00:00 UTC"]),
    ],
)
def test_lines(when: str, lines: list[str]) -> None:
    assert on_calendar(parse_when(when), UTC_ZONE, NOW) == lines


@pytest.mark.parametrize("when", ["0 9 LW * *", "0 9 */2 * 1#2"])
def test_what_systemd_cannot_say_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match=r"systemd has no words for .*; write another"):
        on_calendar(parse_when(when), UTC_ZONE, NOW)


@pytest.mark.parametrize(
    ("when", "zone", "lines"),
    [
        # every hour is the same in UTC, unless the zone moves by half an hour
        ("7 * * * *", "Asia/Kathmandu", ["*-*-* *:22:00 UTC"]),
        ("every 30m", "Australia/Lord_Howe", ["*-*-* *:00,30:00 UTC"]),
        ("daily 09:00", "Europe/Berlin", ["*-*-* 09:00:00 Europe/Berlin"]),
    ],
)
def test_zones(when: str, zone: str, lines: list[str]) -> None:
    assert on_calendar(parse_when(when), ZoneInfo(zone), NOW) == lines


def test_what_systemd_would_leave_out_is_added_for_years() -> None:
    lines = on_calendar(parse_when("daily 02:30"), ZoneInfo("Europe/Berlin"), NOW)
    assert lines[:2] == ["*-*-* 02:30:00 Europe/Berlin", "2026-03-29 01:00:00 UTC"]
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ("2026-03-28", "2026-10-24")),
        ("America/Santiago", ("2026-04-04", "2026-09-05")),
        ("Australia/Lord_Howe", ("2026-04-04", "2026-10-03")),
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        "every 30m",
        "every 20m",
        "7 * * * *",
        "every 2h",
        "daily 02:30",
        "daily 00:00",
        "daily 01:45",
        "*/15 1,2 * * *",
        "0,30 0-3 * * *",
        "mon..fri 09:00",
        "sun 02:10",
        "0 2 1-10 * sun",
        "monthly 5 02:15",
        "0 9 L * *",
        "0 2 * * 0L",
        "0 2 * * 0#1,6#1",
    ],
)
def test_systemd_runs_at_the_instants_of_the_schedule(
    when: str, zone: str, days: tuple[str, str], require: Callable[[str], None]
) -> None:
    require("systemd-analyze")
    schedule = parse_when(when)
    lines = on_calendar(schedule, ZoneInfo(zone), NOW)
    for day in days:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        expected = []
        moment = start
        while len(expected) < 80 and moment < start + timedelta(days=40):
            moment = schedule.next_after(moment, ZoneInfo(zone))
            expected.append(moment)
        assert systemd_instants(lines, start, len(expected)) == expected


def systemd_instants(lines: list[str], start: datetime, count: int) -> list[datetime]:
    """The first instants after `start` at which a timer with these lines elapses."""
    done = subprocess.run(
        [
            "systemd-analyze",
            "calendar",
            f"--iterations={count}",
            f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC",
            *lines,
        ],
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = {datetime.fromisoformat(at).replace(tzinfo=UTC) for at in _ELAPSE.findall(done.stdout)}
    return heapq.nsmallest(count, (instant for instant in found if instant > start))
