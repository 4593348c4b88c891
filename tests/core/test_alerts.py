"""The ledger: what the admins hear, and when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.alerts import Ledger, alert, fault_id
from labtool.core.database import Database
from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.core.messages import Recipient

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
BAD = Failed("cannot be read", where="sheets/a.csv")
DOWN = Temporary("no answer in 10 s", where="slack.com")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Database.open(tmp_path), timedelta(hours=2.5), {})


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def told(ledger: Ledger, scope: str, errors: list[LabtoolError], now: datetime) -> list[str]:
    """What a run with these errors tells."""
    new = ledger.record(scope, errors, now)
    over = ledger.recover(scope, errors, {scope}, now)
    ledger.told(new, now)
    return [f.text for f in new] + [f"over: {f.text}" for f in over]


def test_a_new_error_is_told_once(ledger: Ledger) -> None:
    assert told(ledger, "remind", [BAD], after(0)) == [str(BAD)]
    assert told(ledger, "remind", [BAD], after(24)) == []
    assert [f.count for f in ledger.open()] == [2]


def test_an_error_met_twice_in_a_run_is_one(ledger: Ledger) -> None:
    assert told(ledger, "remind", [BAD, BAD], after(0)) == [str(BAD)]
    assert [f.count for f in ledger.open()] == [1]


def test_its_end_is_told_and_then_it_is_new_again(ledger: Ledger) -> None:
    told(ledger, "remind", [BAD], after(0))
    assert told(ledger, "remind", [], after(1)) == [f"over: {BAD}"]
    assert told(ledger, "remind", [], after(2)) == []
    assert told(ledger, "remind", [BAD], after(3)) == [str(BAD)]


def test_a_temporary_error_is_told_when_it_lasts(ledger: Ledger) -> None:
    assert told(ledger, "cache", [DOWN], after(0)) == []
    assert told(ledger, "cache", [DOWN], after(2)) == []
    assert told(ledger, "cache", [DOWN], after(2.5)) == [str(DOWN)]
    assert told(ledger, "cache", [DOWN], after(3)) == []
    assert told(ledger, "cache", [], after(4)) == [f"over: {DOWN}"]


def test_a_short_temporary_error_is_never_told(ledger: Ledger) -> None:
    assert told(ledger, "cache", [DOWN], after(0)) == []
    assert told(ledger, "cache", [], after(1)) == []
    assert told(ledger, "cache", [DOWN], after(3)) == []


def test_another_command_does_not_end_an_error(ledger: Ledger) -> None:
    told(ledger, "remind", [BAD], after(0))
    assert told(ledger, "remind birthdays", [], after(1)) == []
    assert [f.scope for f in ledger.open()] == ["remind"]


def test_an_error_met_in_the_future_is_of_now(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    told(ledger, "remind birthdays", [BAD], now + timedelta(days=3000))
    told(ledger, "remind", [], now)
    [fault] = ledger.open()
    assert fault.first_seen == fault.last_seen
    assert abs(fault.last_seen - now) < timedelta(minutes=5)


def test_an_error_of_a_command_nobody_runs_is_forgotten(ledger: Ledger) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=41)
    told(ledger, "remind birthdays", [BAD], long_ago)
    assert told(ledger, "remind", [], long_ago + timedelta(days=40)) == []
    assert ledger.open() == []


def about(topic: str) -> Failed:
    error = Failed("names nobody", where="duties:2:main", code="nobody")
    error.topic = topic
    return error


def test_an_error_with_a_topic_ends_when_that_is_looked_at(ledger: Ledger) -> None:
    error = about("rule breakfast")
    ledger.told(ledger.record("remind", [error], after(0)), after(0))
    assert ledger.recover("remind", [], {"remind", "rule plants"}, after(24)) == []
    assert ledger.record("remind duty", [error], after(48)) == []  # the same, told already
    [over] = ledger.recover("remind duty", [], {"rule breakfast"}, after(72))
    assert over.text == str(error)


def test_a_run_that_was_cut_short_ends_nothing(ledger: Ledger) -> None:
    ledger.told(ledger.record("remind", [BAD], after(0)), after(0))
    assert ledger.recover("remind", [DOWN], set(), after(1)) == []


def test_what_stands_from_an_earlier_run_is_entered_once(ledger: Ledger) -> None:
    lost = about("outbox")
    assert len(ledger.record("remind", [], after(0), [lost])) == 1
    assert ledger.record("digest", [], after(1), [lost]) == []
    assert [fault.count for fault in ledger.open()] == [1]


def test_snoozed_errors_are_silent(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("remind", [BAD], after(0))
    name = fault_id("remind", BAD)
    ledger.snooze(name, after(48))
    assert told(ledger, "remind", [BAD], after(24)) == []
    assert told(ledger, "remind", [BAD], after(48)) == [str(BAD)]
    always = Ledger(Database.open(tmp_path), timedelta(0), {name: "always"})
    assert told(always, "remind", [], after(49)) == []


def test_an_error_without_a_place_is_told_apart_by_its_words() -> None:
    assert fault_id("a", Failed("3 messages late")) == fault_id("a", Failed("4 messages late"))
    assert fault_id("a", Failed("x")) != fault_id("a", Failed("y"))
    assert fault_id("a", BAD) != fault_id("b", BAD)
    assert fault_id("a", BAD) == fault_id("a", Failed("is empty", where="sheets/a.csv"))


def test_an_unknown_error_is_named(ledger: Ledger) -> None:
    with pytest.raises(Failed, match="there is no error nope"):
        ledger.snooze("nope", None)


def test_an_alert_says_what_and_to_whom(ledger: Ledger) -> None:
    new = ledger.record("remind", [BAD], after(0))
    admins = [Recipient("person", "ann"), Recipient("channel", "#admins")]
    first, second = alert("new", new, "Example Lab", admins)
    assert first.text == f"Example Lab: labtool remind failed\n• {BAD}  [{new[0].id}]"
    assert (first.urgent, first.colour, second.to) == (True, "danger", admins[1])
    assert first.key != second.key
    assert alert("new", new, "Example Lab", admins)[0].key == first.key


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_told_and_over_alternate(runs: list[tuple[bool, bool]]) -> None:
    """For each error the admins hear new, over, new, over ...; never the same twice."""
    database = Database.snapshot(Path("nowhere"))
    ledger = Ledger(database, timedelta(hours=2.5), {})
    heard: dict[str, list[str]] = {str(BAD): [], str(DOWN): []}
    for hour, (bad, down) in enumerate(runs):
        errors: list[LabtoolError] = [BAD] * bad + [DOWN] * down
        for text in told(ledger, "cache", errors, after(hour)):
            name = text.removeprefix("over: ")
            heard[name].append("over" if text.startswith("over: ") else "new")
    for words in heard.values():
        assert words == ["new", "over"] * (len(words) // 2) + ["new"] * (len(words) % 2)
    assert heard[str(BAD)].count("new") == sum(
        bad and (i == 0 or not runs[i - 1][0]) for i, (bad, _) in enumerate(runs)
    )


def test_what_is_snoozed_for_nothing_is_told_again(ledger: Ledger) -> None:
    told(ledger, "remind", [BAD], after(0))
    [fault] = ledger.open()
    ledger.snooze(fault.id, after(100))
    assert told(ledger, "remind", [BAD], after(1)) == []
    ledger.snooze(fault.id, None)
    assert told(ledger, "remind", [BAD], after(2)) == [str(BAD)]
