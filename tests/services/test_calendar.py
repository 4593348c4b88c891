"""Events of iCalendar files."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.calendar import Event, events
from tests.servers.faults import Fault
from tests.servers.web import Web

ANN, BOB = "ann@lab.example", "bob@lab.example"
ZONE = ZoneInfo("America/Los_Angeles")


def ics(*blocks: str) -> str:
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}\n{b.strip()}\nEND:VEVENT\n" for n, b in enumerate(blocks)
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n".replace("\n", "\r\n")


def read(
    base: Path, *blocks: str, start: str = "2026-11-01", end: str = "2026-11-30"
) -> list[Event]:
    (base / "away.ics").write_text(ics(*blocks), newline="")
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return events("away.ics", first, last, base, timeout=5, zone=ZONE)


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_whole_days_end_before_their_end(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "DTSTART;VALUE=DATE:20261103\nDTEND;VALUE=DATE:20261106\nSUMMARY:Ann away\n"
        "ATTENDEE;CN=Ann:mailto:Ann@Lab.example\nORGANIZER:mailto:bob@lab.example",
        "DTSTART;VALUE=DATE:20261110\nSUMMARY:One day",
    )
    assert found == [
        Event("Ann away", date(2026, 11, 3), date(2026, 11, 5), (ANN, BOB)),
        Event("One day", date(2026, 11, 10), date(2026, 11, 10)),
    ]


def test_days_are_the_lab_s(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "DTSTART:20261104T060000Z\nDTEND:20261104T080000Z\nSUMMARY:evening",
        "DTSTART:20261105T200000\nDTEND:20261106T000000\nSUMMARY:until midnight",
        "DTSTART;TZID=Europe/Berlin:20261107T010000\nDTEND;TZID=Europe/Berlin:20261107T020000\nSUMMARY:abroad",
    )
    assert [(e.summary, e.start.day, e.end.day) for e in found] == [
        ("evening", 3, 3),
        ("until midnight", 5, 5),
        ("abroad", 6, 6),
    ]


def test_series_with_exceptions(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20261109\nSUMMARY:Monday",
    )
    assert [e.start.day for e in found] == [2, 16, 23, 30]


def test_what_begins_before_and_ends_after_counts(tmp_path: Path) -> None:
    block = "DTSTART;VALUE=DATE:20260901\nDTEND;VALUE=DATE:20270101\nSUMMARY:sabbatical"
    assert len(read(tmp_path, block)) == 1
    assert read(tmp_path, block, start="2027-01-01", end="2027-01-31") == []


def test_one_bad_event_leaves_the_others(tmp_path: Path) -> None:
    started = time.monotonic()
    found = read(
        tmp_path,
        "DTSTART;VALUE=DATE:20261103\nRRULE:FREQ=NEVER\nSUMMARY:bad rule",
        "SUMMARY:no start",
        "DTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY\nSUMMARY:flood",
        "DTSTART;VALUE=DATE:20261104\nSUMMARY:Good\x1b[2J\u202e",
    )
    assert "Good[2J" in [e.summary for e in found]
    assert "flood" not in [e.summary for e in found]
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "content", ["", "<!doctype html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "\0"]
)
def test_what_is_no_calendar(tmp_path: Path, content: str) -> None:
    (tmp_path / "away.ics").write_text(content)
    day = date(2026, 11, 1)
    error = caught(lambda: events("away.ics", day, day, tmp_path, timeout=5, zone=ZONE))
    assert type(error) is Failed
    error = caught(lambda: events("none.ics", day, day, tmp_path, timeout=5, zone=ZONE))
    assert "does not exist" in str(error)


def test_over_http_and_its_faults(web: Web, tmp_path: Path) -> None:
    block = "DTSTART;VALUE=DATE:20261103\nSUMMARY:Ann away"
    url = web.put("/away.ics", ics(block), content_type="text/calendar")
    day = date(2026, 11, 3)

    def get() -> list[Event]:
        return events(f"{url}?token=secret", day, day, tmp_path, timeout=1.5, zone=ZONE)

    assert [e.summary for e in get()] == ["Ann away"]
    faults = [
        (Fault.status(503), Temporary),
        (Fault.truncated(), Temporary),
        (Fault.hang(), Temporary),
        (Fault.html(), Failed),
        (Fault.reply("", status=404), Failed),
    ]
    for fault, kind in faults:
        web.inject(fault, times=None)
        error = caught(get)
        assert type(error) is kind
        assert "secret" not in str(error)
        web.reset()
    web.put("/away.ics", "x", size=6 * 1024 * 1024)
    assert "larger than 5 MB" in str(caught(get))


HOURS = ",".join(map(str, range(24)))
SIXTY = ",".join(map(str, range(60)))
GOOD = "DTSTART;VALUE=DATE:20261103\nDTEND;VALUE=DATE:20261106\nSUMMARY:Bob away"


@pytest.mark.parametrize(
    "odd",
    [
        "DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:99991231\nRRULE:FREQ=DAILY;INTERVAL=0",
        "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=WEEKLY;INTERVAL=0",
        "DTSTART;VALUE=DATE:20260101\nDURATION:P99999999D",
        "DTSTART;VALUE=DATE:99991231",
        "DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=DAILY",
        f"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}",
    ],
)
def test_an_odd_event_leaves_the_others_alone(tmp_path: Path, odd: str) -> None:
    started = time.process_time()
    found = read(tmp_path, odd, GOOD)
    assert Event("Bob away", date(2026, 11, 3), date(2026, 11, 5)) in found
    assert time.process_time() - started < 10


@pytest.mark.parametrize("zone", ["", ";TZID=Europe/Berlin"])
def test_a_rule_that_never_hits_ends_soon(tmp_path: Path, zone: str) -> None:
    never = f"DTSTART{zone}:20000101T100000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    assert read(tmp_path, never, GOOD)[0].summary == "Bob away"


def test_an_event_for_ever_is_there(tmp_path: Path) -> None:
    [found] = read(tmp_path, "DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:99991231\nSUMMARY:Gone")
    assert (found.summary, found.start) == ("Gone", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("start", "rule", "days"),
    [
        ("DTSTART;VALUE=DATE:20261001", "FREQ=WEEKLY", [5, 12, 19, 26]),
        ("DTSTART;VALUE=DATE:20261001", "FREQ=WEEKLY;UNTIL=20261112", [5, 12]),
        ("DTSTART:20261001T170000Z", "FREQ=WEEKLY;UNTIL=20261113T000000Z", [5, 12]),
        ("DTSTART:20261001T170000Z", "FREQ=WEEKLY;UNTIL=21261113T000000Z", [5, 12, 19, 26]),
        ("DTSTART;TZID=America/Los_Angeles:20261001T100000", "FREQ=WEEKLY;COUNT=7", [5, 12]),
        ("DTSTART:20261001T100000", "FREQ=WEEKLY", [5, 12, 19, 26]),
    ],
)
def test_rules_without_an_end_are_looked_at_as_far_as_needed(
    tmp_path: Path, start: str, rule: str, days: list[int]
) -> None:
    assert [e.start.day for e in read(tmp_path, f"{start}\nRRULE:{rule}")] == days


def test_the_home_of_somebody_unknown(tmp_path: Path) -> None:
    day = date(2026, 11, 1)
    error = caught(lambda: events("~no-such-user/a.ics", day, day, tmp_path, timeout=5, zone=ZONE))
    assert "does not exist" in str(error)
