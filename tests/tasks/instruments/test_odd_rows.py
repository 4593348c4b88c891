"""Rows as nobody would write them, and what becomes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.center.models import Change, Heartbeat
from labtool.tasks.instruments.kinds.attune import meaning, parse
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.reading import Reading
from labtool.tasks.instruments.watch.tail import Block
from labtool.tasks.instruments.watch.times import reader

NOWHERE = Place("", 0, 0, 0, "", "")


def block(rows: Sequence[str], *, opened: bool = False) -> Block:
    return Block(list(rows), NOWHERE, opened, 0)


def reading() -> Reading:
    return Reading(parse, reader((), ZoneInfo("UTC")), Machine())


def row(message: str, time: str = "2026-11-25T09:00:00.000", user: str = "Ann") -> str:
    return f"{time},Info,{user},System,{message},7"


def test_a_thousand_messages_glued_together() -> None:
    found = list(meaning("Event:Starting_Rinse" + "Event:Rinse_Done~0" * 5000))
    assert len(found) == 5001
    assert set(found[1:]) == {ev.Ended("Rinse", "done")}


@pytest.mark.parametrize(
    ("message", "events"),
    [
        (
            "Data:New Bubble Detected at  185Event:Rinse_Done~0",
            [ev.Alert("bubble"), ev.Ended("Rinse", "done")],
        ),
        (
            "Instrument function Rinse executing line 3Event:Rinse_Done~0",
            [ev.Step("Rinse", 3), ev.Ended("Rinse", "done")],
        ),
        (
            "Startup initiatedEvent:Starting_Startup",
            [ev.Requested("Startup"), ev.Started("Startup")],
        ),
        (
            "Event:Starting_RinseDisplaying instructions to user",
            [
                ev.Started("Rinse"),
                ev.Waiting("follow the instructions on its screen", vague=True),
            ],
        ),
        ("Event:Rinse_Done~0Line Calibration initiated", [
            ev.Ended("Rinse", "done"), ev.Requested("Line Calibration"),
        ]),
        (
            'Data:X~1User Action required to continue-action="Raise tube lifter"',
            [ev.Waiting("Raise tube lifter")],
        ),
        ("Data:Laser~5Instrument function R executing line 0", [ev.Step("R", 0)]),
        (
            "Instrument function R executing line 3Line Calibration initiated",
            [ev.Step("R", 3), ev.Requested("Line Calibration")],
        ),
        ("Instrument function R executing line 3login", [ev.Step("R", 3), ev.Login()]),
        ("Qc Engine Initializedlogin", [ev.Login()]),
        ("Event:R_Done~Cancelled", [ev.Ended("R", "cancelled")]),
        ("Event:R_Done~failed", [ev.Ended("R", "failed")]),
        ("Event:R_Done~0x80004005", [ev.Ended("R", "0x80004005")]),
        ("Event:R_Done~login", [ev.Ended("R", "done"), ev.Login()]),
        (f"Event:Starting_{'x' * 300}", [ev.Started("x" * 300)]),
    ],
)  # fmt: skip
def test_messages_that_are_glued(message: str, events: list[ev.Event]) -> None:
    assert list(meaning(message)) == events


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ('2026-11-25T09:00:00,Info,"Lee, Ann",System,login,7', "Lee, Ann"),
        ('2026-11-25T09:00:00,Info,"Ann ""A"" Lee",System,login,7', 'Ann "A" Lee'),
        ('"2026-11-25T09:00:00","Info","Ann Lee","System","login","7"', "Ann Lee"),
    ],
)
def test_columns_in_quotes(text: str, user: str) -> None:
    one = reading()
    told = one.changes(block([text]))
    assert [(t.event, t.state.user) for t in told] == [("login", user)]


LONG = st.text(max_size=400).filter(lambda text: "\n" not in text and "\r" not in text)
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.sampled_from(
        [
            "1971-01-01T00:00:00+14:00",
            "9000-12-31T23:59:00-12:00",
            "1972-01-01T00:00:00+23:59",
            "8999-12-31T23:59:59-23:59",
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59",
        ]
    ),
)
MESSAGES = st.one_of(
    LONG,
    st.builds("Event:Starting_{}".format, LONG),
    st.builds("Event:{}_Done~{}".format, LONG, st.text("ABC_", max_size=300)),
    st.builds("Instrument function {} executing line {}".format, LONG, st.integers(0, 10**7)),
    st.builds('User Action required to continue-action="{}"'.format, LONG),
    st.builds("{} initiated".format, LONG),
    st.sampled_from(["login", "logout", "Displaying instructions to user"]),
)


@given(st.lists(st.builds(row, MESSAGES, TIMES, LONG), max_size=12))
def test_the_server_takes_whatever_a_log_says(rows: list[str]) -> None:
    """A change that it refused would be sent again and again."""
    one = reading()
    for number, told in enumerate(one.changes(block(rows, opened=True)), 1):
        Change.model_validate({"seq": number, **told.as_json()})
    state = one.machine.snapshot().as_json()
    beat = {"epoch": "0" * 16, "count": 1, "at": "2026-11-25T09:00:00Z", "log": {"ok": "ok"}}
    Heartbeat.model_validate({**beat, "state": state})


def test_since_is_when_the_state_began() -> None:
    told = reading().changes(
        block(
            [
                row("login", "2026-11-25T08:59:00.000"),
                row("Event:Starting_Acquisition", "2026-11-25T09:00:00.000"),
                row("Instrument function Acquisition executing line 1", "2026-11-25T10:00:00.000"),
                row("Event:Acquisition_Done~0", "2026-11-25T12:00:00.000"),
                row("logout", "2026-11-25T12:05:00.000"),
            ]
        )
    )
    assert [(t.state.state, t.as_json()["state"]["since"][11:16]) for t in told] == [
        ("off", ""),
        ("running", "09:00"),
        ("running", "09:00"),
        ("idle", "12:00"),
        ("idle", "12:00"),
    ]


def test_what_was_lost_ended_with_its_last_row() -> None:
    one = reading()
    one.changes(
        block(
            [
                row("Event:Starting_Rinse", "2026-11-24T19:48:00.000"),
                row("Data:PUMP~7", "2026-11-24T19:49:00.000"),
            ]
        )
    )
    told = one.changes(block([row("x", "2026-11-25T21:32:00.000")], opened=True))
    assert [(t.event, t.outcome, t.time[:16]) for t in told] == [
        ("ended Rinse", "lost", "2026-11-24T19:49"),
        ("opened", "", "2026-11-25T21:32"),
    ]


def test_what_it_waits_for_stays_when_the_screen_only_says_that_it_does() -> None:
    one = reading()
    told = one.changes(
        block(
            [
                row('User Action required to continue-action="Raise tube lifter"'),
                row("Displaying instructions to user", "2026-11-25T09:04:00.000"),
            ]
        )
    )
    assert [t.state.waiting_for for t in told] == ["Raise tube lifter"]
    assert told[0].state.waiting_since == "2026-11-25T09:00:00.000Z"


def test_a_wait_ends_with_what_ran() -> None:
    machine = Machine()
    machine.apply(ev.Waiting("a tube"), "1")
    machine.apply(ev.Started("Rinse"), "2")
    assert machine.apply(ev.Ended("Rinse", "done"), "3")[-1].state.state == "idle"
    machine.apply(ev.Waiting("a tube"), "4")
    assert [t.event for t in machine.apply(ev.Idle(), "5")] == ["resumed"]


def test_rows_between_others_that_are_none() -> None:
    """Records of several lines, of which the first has the time."""
    one = reading()
    for number in range(300):
        one.changes(block([row("all is well", f"2026-11-25T09:00:00.{number:03}"), "  detail: 5"]))
    assert not one.unreadable
    assert one.machine.last_row == "2026-11-25T09:00:00.299Z"


@pytest.mark.parametrize("bad", ["25-Nov-26 12h47m02,Info,Ann,S,login,7", "\0l\0o\0g", "no row"])
def test_a_log_of_which_nothing_can_be_read(bad: str) -> None:
    one = reading()
    one.changes(block([bad] * 2))
    assert not one.unreadable
    one.changes(block([bad]))
    assert one.unreadable
    assert one.sample == bad
    one.changes(block([row("login")]))
    assert not one.unreadable
    # Programs write what they please between their rows.
    one.changes(block([bad] * 100))
    assert not one.unreadable
    one.changes(block([bad] * 100))
    assert one.unreadable
    assert (one.rows, one.odd) == (204, 203)


@pytest.mark.parametrize(
    ("off", "ahead"),
    [(0, 0), (-3600, -3600), (-3630, -3600), (5400, 5400), (-400, 0), (-86400 * 3, 0), (900, 0)],
)
def test_a_zone_that_is_wrong_is_seen_by_when_rows_are_written(off: float, ahead: float) -> None:
    """As of a computer that stays in winter time, though its clock is right in UTC."""
    written = datetime(2026, 11, 25, 9, tzinfo=UTC).timestamp()
    time = datetime.fromtimestamp(written + off, UTC).replace(tzinfo=None).isoformat()
    one = reading()
    one.changes(Block([row("login", time)], NOWHERE, False, 0, written))
    assert one.ahead == ahead
    several = Reading(parse, reader((), ZoneInfo("UTC")), Machine(), newest_alone=False)
    several.changes(Block([row("login", time)], NOWHERE, False, 0, written))
    assert several.ahead == 0
