"""Who hears what: each thing once, and only what is so now."""

from datetime import timedelta

import pytest

from labtool.core.schema import MIGRATIONS
from labtool.tasks.instruments.center.telling import ask_no_more, ask_when_free, waiting_for_it
from tests.tasks.instruments.center import NOON, Center, change, running, sent, state

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def test_who_was_logged_in_hears_of_what_was_cancelled() -> None:
    center = Center()
    center.tell()
    center.say("started Startup", running("Startup", NOON, user="Ann Lee"))
    center.say("ended Startup", state("idle", NOON, user="Ann Lee"), outcome="cancelled")
    center.say("logout", state("idle", NOON))
    center.say("login", state("idle", NOON, user="Bob Stone"))
    text = "Attune: Startup was cancelled"
    assert center.tell() == [("#lab", text), ("ann", text)]
    assert center.tell() == []
    center.say("ended Startup", state(), NOON - 2 * HOUR, "cancelled")
    assert center.tell() == []


def test_what_was_cancelled_by_a_clock_that_is_behind_is_news() -> None:
    center = Center()
    center.tell()
    center.beat(state(), NOON - 2 * HOUR)
    center.tell()
    center.say("ended Startup", state("idle", NOON), NOON - 2 * HOUR, "cancelled")
    assert ("#lab", "Attune: Startup was cancelled") in center.tell()


def test_waits_and_idleness_are_measured_by_the_instruments_clock() -> None:
    center = Center()
    wrong = NOON - HOUR
    waiting = {"waiting_for": "Raise it", "waiting_since": "2026-11-24T11:00:00Z"}
    center.say("waiting", state("waiting", wrong, **waiting), wrong)
    center.beat(state("waiting", wrong, **waiting), wrong)
    clock = "Attune: its computer's clock is 1h behind; set it, and its time zone"
    [told] = center.texts()
    assert told.startswith(clock)
    center.now = NOON + 6 * MINUTE
    assert center.texts() == ["Attune has waited for 6m for a person: Raise it"]
    center.beat(state("idle", NOON))
    assert set(center.texts()) == {
        "Attune: its computer's clock is right again",
        "Attune waits no longer",
    }


def test_free_is_what_has_rested_for_a_minute() -> None:
    center = Center()
    ask_when_free(center.run(), "a", "ann")
    center.say("started Startup", running("Startup", NOON))
    assert center.tell() == []
    center.say("ended Startup", state("idle", NOON), outcome="done")
    center.now = NOON + 2 * SECOND
    assert center.tell() == []
    center.say("started Rinse", running("Rinse", center.now))
    center.now = NOON + 2 * MINUTE
    assert center.tell() == []
    center.say("ended Rinse", state("idle", center.now), outcome="done")
    center.now += 61 * SECOND
    assert center.tell() == [("ann", "Attune is free")]
    assert center.tell() == []


@pytest.mark.parametrize("name", ["waiting", "starting", "error", "stopping", "running"])
def test_what_is_not_idle_is_not_free(name: str) -> None:
    center = Center()
    ask_when_free(center.run(), "a", "ann")
    center.say("x", state(name, NOON - HOUR))
    assert "Attune is free" not in center.texts()
    center.say("x", state("off", NOON - HOUR))
    assert "Attune is free" in center.texts()


def test_nobody_knows_that_it_is_free_whose_log_cannot_be_read() -> None:
    center = Center(tell_idle="9000d")
    ask_when_free(center.run(), "a", "ann")
    center.beat(state("idle", NOON - HOUR), log={"ok": "unreadable", "why": "gone"})
    assert center.texts() == ["Attune: its log cannot be read: gone"]
    center.beat(state("idle", NOON - HOUR))
    assert center.texts() == ["Attune: its log is read again", "Attune is free"]


def test_who_asked_can_take_it_back() -> None:
    center = Center()
    ask_when_free(center.run(), "a", "ann")
    ask_when_free(center.run(), "a", "bob")
    assert list(waiting_for_it(center.database, "a")) == ["ann", "bob"]
    ask_no_more(center.run(), "a", "ann")
    center.say("x", state("off", NOON - HOUR))
    assert center.tell() == [("bob", "Attune is free")]


def test_an_alert_of_the_log_is_no_condition_of_ours() -> None:
    center = Center(tell_idle="9000d")
    alerts = {"waiting": "2026-11-24T12:00:00Z", "silent": "2026-11-24T12:00:00Z"}
    waits = {"waiting_for": "Raise it", "waiting_since": "2026-11-24T11:00:00Z"}
    center.say("waiting", state("waiting", NOON, alerts=alerts, **waits))
    assert set(center.texts()) == {
        "Attune: waiting at 12:00",
        "Attune: silent at 12:00",
        "Attune has waited for 1h for a person: Raise it",
    }
    center.say("resumed", state("idle", NOON, alerts=alerts))
    assert center.texts() == ["Attune waits no longer"]
    center.say("ended", state("idle", NOON))
    assert set(center.texts()) == {"Attune: no waiting any more", "Attune: no silent any more"}


def test_a_second_error_is_told_too() -> None:
    center = Center()
    for error in ("one", "two", "two"):
        center.say("error", state("error", NOON, error=error))
        center.say("login", state("error", NOON, error=error))
        expected = [] if error == "two" and center.keeping.newest() > 4 else [error]
        assert center.texts() == [f"Attune stopped with an error: {each}" for each in expected]
    center.say("ready", state("idle", NOON))
    assert center.texts() == ["Attune goes on after its error"]


def test_what_waited_for_the_server_is_not_told_as_if_it_were_now() -> None:
    center = Center()
    center.say("login", state("idle", NOON - MINUTE), NOON - 30 * HOUR)
    center.tell()
    ask_when_free(center.run(), "a", "ann")
    center.now = NOON + 24 * HOUR
    bubble = state("running", NOON, alerts={"bubble": "2026-11-24T12:00:00Z"})
    center.keeping.take("a", sent(change(2, NOON, "bubble", bubble), more=True), center.now)
    assert center.tell() == []
    over = change(3, center.now, "started Rinse", running("Rinse", center.now))
    center.keeping.take("a", sent(over), center.now)
    assert center.tell() == []


def test_silence_is_told_once_with_what_to_look_at_and_its_end() -> None:
    center = Center()
    center.beat(state("idle", NOON), every=1)
    center.tell()
    center.now = NOON + 11 * MINUTE
    [(to, text)] = center.tell()
    assert to == "#lab"
    assert text == (
        "Attune: nothing was heard of its computer since 12:00 on Tuesday; is it on, and does"
        " labtool attune-watch run there?"
    )
    assert center.tell() == []
    center.beat(state("idle", center.now))
    assert center.texts() == ["Attune is heard of again"]


def test_silence_goes_on_while_the_server_is_away() -> None:
    center = Center()
    center.keeping.listens(NOON)
    center.beat(state("idle", NOON), every=1)
    center.tell()
    for minutes in range(12):
        center.now = NOON + minutes * MINUTE
        center.keeping.listens(center.now)
    assert len(center.tell()) == 1
    center.now += 20 * MINUTE  # the server was off, and begins to listen anew
    center.keeping.listens(center.now)
    assert center.tell() == []
    center.now += 20 * MINUTE
    assert center.tell() == []
    center.beat(state("idle", center.now))
    assert center.texts() == ["Attune is heard of again"]


def test_an_alert_that_was_told_by_an_older_labtool_is_not_told_again() -> None:
    """Their names among the marks were those of the log alone."""
    center = Center()
    alerts = {"bubble": "2026-11-24T12:00:00Z"}
    center.say("bubble", state("idle", NOON, alerts=alerts))
    assert center.texts() == ["Attune: bubble at 12:00"]
    center.database.execute("UPDATE marks SET name = 'a:bubble' WHERE name = 'a:alert bubble'")
    center.database.execute("INSERT INTO marks VALUES ('instrument-told', 'a:idle', '[]', '')")
    old = next(step for step in MIGRATIONS if "instrument-told" in step)
    center.database.execute(old[old.index("UPDATE marks") :].strip().rstrip(";"))
    names = center.database.rows("SELECT name FROM marks WHERE space = 'instrument-told'")
    assert {row["name"] for row in names} == {"a:alert bubble", "a:idle"}
