"""What the server keeps: by its own clock, each once, and the procedures as long as they took."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from labtool.core.database import Database
from labtool.core.schema import MIGRATIONS
from labtool.tasks.instruments.center.keeping import OutOfStepError
from labtool.tasks.instruments.center.models import Change, Log, State
from tests.tasks.instruments.center import NOON, Center, change, running, sent, state

MINUTE = timedelta(minutes=1)


def test_what_is_forgotten_is_what_came_long_ago() -> None:
    """Whatever the instrument's clock said."""
    center = Center()
    center.now = NOON - timedelta(days=100)
    center.say("login", state(), NOON + timedelta(days=900))
    center.now = NOON
    center.say("logout", state(), datetime(2001, 1, 1, tzinfo=UTC))
    center.say("login", state())
    assert center.keeping.forget(NOON - timedelta(days=90)) == 1
    assert [row["event"] for row in center.keeping.history("a", 9)] == ["logout", "login"]


def test_changes_of_an_older_labtool_came_when_they_happened(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    file = sqlite3.connect(tmp_path / "labtool.db")
    added = next(n for n, script in enumerate(MIGRATIONS) if "COLUMN received" in script)
    file.execute("ALTER TABLE instrument_changes DROP COLUMN received")
    file.execute("ALTER TABLE instruments DROP COLUMN behind")
    file.execute(
        "INSERT INTO instrument_changes VALUES (1, 'a', 'e', 1, '2026-01-01', 'x', '', '')"
    )
    file.execute(f"PRAGMA user_version = {added}")
    file.commit()
    file.close()
    database = Database.open(tmp_path)
    [row] = database.rows("SELECT received FROM instrument_changes")
    assert row["received"] == "2026-01-01"
    database.close()


@pytest.mark.parametrize(("event", "later"), [("logout", 0), ("login", 1)])
def test_a_number_that_another_change_has_is_no_repeat(event: str, later: int) -> None:
    center = Center()
    first = change(1, NOON, "login", state())
    assert center.keeping.take("a", sent(first), NOON) == 1
    assert center.keeping.take("a", sent(first), NOON) == 1
    other = change(1, NOON + later * MINUTE, event, state())
    with pytest.raises(OutOfStepError) as raised:
        center.keeping.take("a", sent(other, change(2, NOON, "x", state())), NOON)
    assert raised.value.expected == 0
    assert len(center.keeping.history("a", 9)) == 1
    # In an epoch of its own it is taken.
    assert center.keeping.take("a", sent(other, epoch="f" * 16), NOON) == 1


def test_what_waits_for_the_newest_state_shows_none_between() -> None:
    center = Center()
    center.say("login", state("idle", NOON - timedelta(days=1), user="bob"), NOON)
    later = [change(n, NOON, "x", state("waiting", user="ann")) for n in (2, 3, 4)]
    center.keeping.take("a", sent(later[0], more=True), NOON + MINUTE)
    known = center.keeping.known("a")
    assert known
    assert (known.state.user, known.heard, known.behind) == ("bob", NOON + MINUTE, True)
    center.keeping.take("a", sent(later[1], more=True), NOON + MINUTE)
    center.keeping.take("a", sent(later[2]), NOON + MINUTE)
    known = center.keeping.known("a")
    assert known
    assert (known.state.user, known.behind) == ("ann", False)


def test_a_sign_of_life_is_ahead_of_what_waits() -> None:
    center = Center()
    center.say("login", state())
    center.beat(state(user="ann"), seq=9)
    center.keeping.take("a", sent(change(2, NOON, "x", state(user="eve")), more=True), NOON)
    known = center.keeping.known("a")
    assert known
    assert (known.state.user, known.behind) == ("ann", False)


def test_a_procedure_that_was_lost_took_until_its_last_row() -> None:
    center = Center()
    center.say("started Rinse", running("Rinse", NOON))
    seen = running("Rinse", NOON, 3) | {"last_row": "2026-11-24T12:02:00Z"}
    center.say("step Rinse", seen, NOON + 2 * MINUTE)
    center.beat(seen | {"last_row": "2026-11-24T12:05:00Z"})
    day = NOON + timedelta(days=1)
    center.say("ended Rinse", state("starting", day), day, "lost")
    [run] = center.keeping.runs.finished("a")
    assert (run.seconds, run.outcome) == (300, "lost")


def test_a_procedure_that_ended_before_it_began_says_nothing() -> None:
    center = Center()
    for seconds in (-3600, 0, 60):
        center.run_of("Rinse", NOON, seconds)
    assert [run.seconds for run in center.keeping.runs.finished("a", "Rinse")] == [60]


def test_a_beginning_that_is_not_known_is_that_of_the_change() -> None:
    center = Center()
    unknown = state("running", procedures=[{"name": "X", "started": ""}])
    center.say("started X", unknown)
    center.say("step X", unknown, NOON + MINUTE)
    center.say("ended X", state(), NOON + 3 * MINUTE, "done")
    assert [run.seconds for run in center.keeping.runs.finished("a")] == [180]
    center.say("started X", unknown)
    assert center.look().free is None


def test_a_state_that_an_older_labtool_took_breaks_nothing() -> None:
    center = Center()
    center.say("login", state())
    bad = '{"version": 1, "state": "idle", "since": "1970-12-31T10:00:00.000Z"}'
    center.database.execute("UPDATE instruments SET state = ?", bad)
    assert center.look().life == "quiet"


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_that_is_taken_is_taken_again(moment: datetime) -> None:
    try:
        found = State(version=1, state="idle", since=moment.isoformat())
    except ValidationError:
        return
    assert State.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    "text",
    ["1971-01-01T00:00:00+14:00", "9000-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "2026-11-24T12:00:00"],
)  # fmt: skip
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValidationError):
        State(version=1, state="idle", since=text)


def test_what_a_watch_makes_of_the_longest_names_is_taken() -> None:
    one = change(1, NOON, "started " + "x" * 100, state("error", error="x" * 300))
    assert Change.model_validate(one).event.startswith("started")
    assert Log(ok="unreadable", why="x" * 5000).why == "x" * 300
