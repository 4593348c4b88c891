"""Schedules: the words, and the instants, against a clock that is read minute by minute."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labtool.core.schedule import Schedule, clock_changes, parse_when

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("every 1m", "* * * * *"),
        ("every 3m", "*/3 * * * *"),
        ("every 60m", "0 * * * *"),
        ("every 120m", "0 */2 * * *"),
        ("every 2h", "0 */2 * * *"),
        ("every 24h", "0 0 * * *"),
        ("hourly", "0 * * * *"),
        ("daily 09:00", "0 9 * * *"),
        ("daily 9:05", "5 9 * * *"),
        ("mon 09:00", "0 9 * * 1"),
        ("Sunday 00:00", "0 0 * * 0"),
        ("mon, thu 09:00", "0 9 * * 1,4"),
        ("MON..FRI 23:59", "59 23 * * 1,2,3,4,5"),
        ("fri .. mon 09:00", "0 9 * * 0,1,5,6"),
        ("mon..wed,sat 09:00", "0 9 * * 1,2,3,6"),
        ("monthly 1 09:00", "0 9 1 * *"),
        (" 0  9 * * mon-fri ", "0 9 * * mon-fri"),
        ("0 9 L * *", "0 9 L * *"),
    ],
)
def test_words_become_cron(text: str, cron: str) -> None:
    schedule = parse_when(text)
    assert schedule == Schedule(" ".join(text.split()), cron)
    assert parse_when(str(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("every 7m", "the hour evenly; write every 6m or every 10m"),
        ("every 90m", "the day evenly; write every 1h or every 2h"),
        ("every 5h", "the day evenly; write every 4h or every 6h"),
        ("every 0m", "write every 1m"),
        ("every 2d", "is not a schedule; write every 15m"),
        ("daily", "is not a schedule"),
        ("daily 24:00", "'24:00' is not a time of day"),
        ("daily 9", "'9' is not a time of day"),
        ("moo 09:00", "'moo' is not a day of the week"),
        ("mon..,fri 09:00", "'' is not a day of the week"),
        ("mon..tue..wed 09:00", "is not a range of days"),
        ("monthly 31 09:00", "not every month has a day 31"),
        ("monthly 0 09:00", "not every month has a day 0"),
        ("61 * * * *", "the minute of the cron expression"),
        ("0 9 * * fri-mon", "the day-of-week of the cron expression"),
        ("* * * * * *", "is not a schedule"),
        ("0 9 30 2 *", "the day-of-month of the cron expression"),
        ("0 9 */20 * 1#2", "no date ever matches"),
        ("", "'' is not a schedule"),
        ("x" * 10_000, "10000 characters is too long"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_when(text)
    assert says in str(caught.value)
    assert "; " in str(caught.value), "what is wrong; what to write"


WORDS = st.lists(
    st.sampled_from(
        [
            "*",
            "*/5",
            "0",
            "9",
            "59",
            "1-5",
            "1/2",
            "mon",
            "mon,fri",
            "jan",
            "L",
            "5L",
            "1#2",
            "LW",
            "daily",
            "every",
            "3m",
            "2h",
            "09:00",
            "-",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(st.one_of(st.text(max_size=30), WORDS))
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    try:
        schedule = parse_when(text)
    except ValueError:
        return
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert schedule.previous(moment, BERLIN) <= moment < schedule.next_after(moment, BERLIN)


# ---- the instants ----

# Zones, each with days on which its clock is changed in an unusual way.
CHANGES = {
    "UTC": ["2026-03-29"],
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/Los_Angeles": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],  # by half an hour
    "America/Santiago": ["2026-04-05", "2026-09-06"],  # at midnight
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],  # at midnight
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],  # for a month
    "Asia/Kathmandu": ["2026-01-01"],  # 5:45 from UTC
    "Pacific/Apia": ["2011-12-30"],  # a day that was left out
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],  # by two hours
}
DAYS = [(zone, day) for zone, days in CHANGES.items() for day in days]
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@dataclass(frozen=True)
class Field:
    """A field of a cron expression as the test made it."""

    text: str
    values: frozenset[int] = field(repr=False)

    @property
    def starred(self) -> bool:
        return self.text.startswith("*")


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> Field:
    kinds = ["*", "step", "list", "range"] if (low, high) in RANGES else ["list", "range"]
    kind = draw(st.sampled_from(kinds))
    if kind == "*":
        return Field("*", frozenset(range(low, high + 1)))
    if kind == "step":
        # cron has two names for Sunday, so that steps of weekdays are a matter of their own
        step = draw(st.sampled_from([2, 5, 7, 15, 20] if high > 6 else [1]))
        return Field(f"*/{step}", frozenset(range(low, high + 1, step)))
    if kind == "list":
        values = draw(st.lists(st.integers(low, high), min_size=1, max_size=4))
        return Field(",".join(map(str, values)), frozenset(values))
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    return Field(f"{first}-{last}", frozenset(range(first, last + 1)))


# Mostly hours in which clocks are changed, and days that come soon.
HOURS = st.one_of(
    fields(0, 23),
    fields(0, 3),
    st.sampled_from([0, 1, 2, 3, 23]).map(lambda hour: Field(str(hour), frozenset({hour}))),
)
ANY = [st.just(Field("*", frozenset(range(low, high + 1)))) for low, high in RANGES]
CRONS = st.tuples(
    fields(0, 59),
    HOURS,
    st.one_of(ANY[2], ANY[2], fields(1, 31)),
    ANY[3],
    st.one_of(ANY[4], ANY[4], fields(0, 6)),
)


@cache
def clock(zone: str, day: str) -> tuple[list[datetime], list[datetime]]:
    """Every minute from the day before to the day after, in UTC and on the wall."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=30)
    instants = [start + timedelta(minutes=n) for n in range(3 * 24 * 60)]
    walls = [instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for instant in instants]
    return instants, walls


def matches(cron: tuple[Field, ...], wall: datetime) -> bool:
    minute, hour, day, month, weekday = cron
    by_date = wall.day in day.values
    by_weekday = wall.isoweekday() % 7 in weekday.values
    both = day.starred or weekday.starred
    return (
        wall.minute in minute.values
        and wall.hour in hour.values
        and wall.month in month.values
        and (by_date and by_weekday if both else by_date or by_weekday)
    )


def instants_of(cron: tuple[Field, ...], zone: str, day: str) -> list[datetime]:
    """When the schedule runs in these days, by looking at the clock at every minute."""
    instants, walls = clock(zone, day)
    if cron[0].starred or cron[1].starred:
        return [i for i, wall in zip(instants, walls, strict=True) if matches(cron, wall)]
    # A time that is named runs as soon as the clock shows it, or a later one.
    found = set()
    latest = walls[0]
    for instant, wall in zip(instants[1:], walls[1:], strict=True):
        while latest < wall:
            latest += timedelta(minutes=1)
            if matches(cron, latest):
                found.add(instant)
    return sorted(found)


@settings(deadline=None)
@given(st.sampled_from(DAYS), CRONS, st.integers(0, 3 * 24 * 3600 - 1))
@example(
    ("Europe/Berlin", "2026-03-29"),
    tuple(Field(t, frozenset({int(t)})) for t in ("30", "2"))
    + (Field("*", frozenset(range(32))),) * 3,
    0,
)
def test_instants_are_those_of_a_clock_that_is_watched(
    place: tuple[str, str], cron: tuple[Field, ...], second: int
) -> None:
    zone, day = place
    schedule = Schedule("", " ".join(field.text for field in cron))
    expected = instants_of(cron, zone, day)
    window = clock(zone, day)[0]
    moment = window[0] + timedelta(seconds=second, microseconds=second % 3)

    after = schedule.next_after(moment, ZoneInfo(zone))
    at = bisect_right(expected, moment)
    if at < len(expected):
        assert after == expected[at]
    else:
        assert after > window[-1]

    before = schedule.previous(moment, ZoneInfo(zone))
    if at > 0:
        assert before == expected[at - 1]
    else:
        assert before <= window[0]


@settings(deadline=None)
@given(st.sampled_from(DAYS), CRONS)
def test_a_walk_meets_every_instant_once_in_both_directions(
    place: tuple[str, str], cron: tuple[Field, ...]
) -> None:
    zone, day = place
    schedule = Schedule("", " ".join(field.text for field in cron))
    expected = instants_of(cron, zone, day)
    start = len(expected) // 3
    expected = expected[start : start + 70]
    if not expected:
        return
    walked = []
    moment = expected[0] - timedelta(seconds=1)
    for _ in expected:
        moment = schedule.next_after(moment, ZoneInfo(zone))
        walked.append(moment)
    assert walked == expected
    for instant in reversed(expected):
        assert schedule.previous(moment, ZoneInfo(zone)) == instant
        moment = instant - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("when", "zone", "after", "expected"),
    [
        # the hour that is skipped: at the next minute that exists, and once
        (
            "daily 02:30",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:30"],
        ),
        # the hour that comes twice: the first time
        (
            "daily 02:30",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        (
            "every 30m",
            "Europe/Berlin",
            "2026-10-25T00:10",
            ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"],
        ),
        (
            "daily 00:00",
            "America/Santiago",
            "2026-09-05T12:00",
            ["2026-09-06T04:00", "2026-09-07T03:00"],
        ),
        (
            "daily 02:15",
            "Australia/Lord_Howe",
            "2026-10-03T12:00",
            ["2026-10-03T15:30", "2026-10-04T15:15"],
        ),
        # the lab's Friday that never was
        (
            "daily 09:00",
            "Pacific/Apia",
            "2011-12-29T20:00",
            ["2011-12-30T10:00", "2011-12-30T19:00"],
        ),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00", ["2104-02-29T00:00"]),
    ],
)
def test_days_on_which_clocks_change(when: str, zone: str, after: str, expected: list[str]) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    for instant in expected:
        moment = parse_when(when).next_after(moment, ZoneInfo(zone))
        assert moment == datetime.fromisoformat(instant).replace(tzinfo=UTC)
        assert moment.utcoffset() == timedelta(0)


def test_rare_days_are_found_back() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert parse_when("0 9 29 2 *").previous(now, BERLIN) == datetime(2024, 2, 29, 8, tzinfo=UTC)
    on_sundays = parse_when("0 9 29 2 */7")
    assert on_sundays.previous(now, BERLIN) == datetime(2004, 2, 29, 8, tzinfo=UTC)
    every_minute = parse_when("* * 29 2 */7")
    assert every_minute.previous(now, BERLIN) == datetime(2004, 2, 29, 22, 59, tzinfo=UTC)


def test_clock_changes_of_two_years() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = list(clock_changes(start, start + timedelta(days=730), BERLIN))
    assert found == [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2027, 3, 28, 1, tzinfo=UTC),
        datetime(2027, 10, 31, 1, tzinfo=UTC),
    ]
