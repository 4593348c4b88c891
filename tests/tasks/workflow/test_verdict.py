"""What becomes of a step, from the attempts at it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from labtool.services.engine.records import AttemptRecord
from labtool.tasks.workflow.step import StepOptions
from labtool.tasks.workflow.verdict import LOSSES, closes, verdict

FIRST = AttemptRecord("r", "s", 1, "scheduled", "", "", 1000.0, None, None, None, "", {}, False)
ENDS = ("temporary", "timed_out", "lost", "handed_back", "waits")


def step(**options: Any) -> StepOptions:
    return StepOptions.model_validate({"name": "s", "run": "true", **options})


def tries(*states: str, pause: float = 0.0) -> list[AttemptRecord]:
    """Attempts that each took a second, from when the run came to the step."""
    found, at = [], 1000.0
    for number, state in enumerate(states, 1):
        one = replace(FIRST, attempt=number, state=state, why=f"why {number}")
        if state != "scheduled":
            one = replace(one, started=at, ended=at + 1)
            at += 1 + pause
        found.append(one)
    return found


def test_what_is_new_begins() -> None:
    assert verdict(step(), tries("scheduled"), 1000.0).say == "begin"


def test_what_has_ended_stays_so() -> None:
    for state in ("done", "exit", "failed"):
        assert verdict(step(retries=5), tries("temporary", state), 1e9).say == state


def test_a_temporary_failure_is_tried_again_after_a_pause_that_doubles() -> None:
    tried = step(retries=2, backoff={"first": "10s", "most": "15s"})
    once = verdict(tried, tries("temporary"), 1001.5)
    assert (once.say, once.until) == ("wait", 1011.0)
    assert verdict(tried, tries("temporary"), 1011.0).say == "begin"
    assert verdict(tried, tries("temporary", "temporary"), 1003.0).until == 1002.0 + 15
    last = verdict(tried, tries("temporary", "temporary", "temporary"), 2000.0)
    assert (last.say, last.why) == ("failed", "why 3 (tried 3 times)")


def test_a_vendor_that_asks_for_a_longer_pause_gets_it() -> None:
    asked = [replace(tries("temporary")[0], output={"retry_after": 100})]
    assert verdict(step(retries=1), asked, 1002.0).until == 1101.0


def test_a_clock_that_was_set_back_makes_nobody_wait_for_long() -> None:
    found = verdict(step(retries=1), tries("temporary"), 500.0)
    assert found.say == "begin"


def test_workers_that_die_are_no_failures_until_there_are_too_many() -> None:
    assert verdict(step(), tries(*["lost"] * (LOSSES - 1)), 2000.0).say == "begin"
    found = verdict(step(retries=9), tries(*["lost"] * LOSSES), 2000.0)
    assert found.say == "failed"
    assert "its worker died" in found.why


def test_schedule_to_start_is_until_it_is_begun() -> None:
    late = step(schedule_to_start="10s")
    assert verdict(late, tries("scheduled"), 1009.0).say == "begin"
    assert verdict(late, tries("scheduled"), 1011.0).say == "timed_out"
    assert verdict(late, tries("lost", "scheduled"), 1011.0).say == "begin"


def test_schedule_to_close_is_for_all_attempts() -> None:
    tried = step(retries=9, schedule_to_close="30s", start_to_close="20s")
    assert verdict(tried, tries("temporary"), 1031.0).say == "timed_out"
    assert closes(tried, 1000.0, 1005.0)[0] == 1025.0
    end, why = closes(tried, 1000.0, 1020.0)
    assert end == 1030.0
    assert "schedule_to_close" in why


@given(
    st.lists(st.sampled_from(ENDS), max_size=12),
    st.integers(0, 5),
    st.floats(0, 1e6),
    st.none() | st.integers(1, 1000),
)
def test_it_always_comes_to_an_end(
    states: list[str], retries: int, later: float, most: int | None
) -> None:
    """Whatever has been: what is begun again and again and fails each time has an end, a pause is
    never longer than it may be, and nobody begins what is over."""
    options: dict[str, Any] = {"retries": retries}
    if most:
        options["schedule_to_close"] = f"{most}s"
    tried = step(**options)
    found = tries(*states, "scheduled") if not states else tries(*states)
    now = 1000.0 + later
    said = verdict(tried, found, now)
    bad = [one for one in states if one in ("temporary", "timed_out")]
    if said.say == "wait":
        assert now < said.until <= now + timedelta(minutes=30).total_seconds()
    if said.say in ("begin", "wait"):
        assert len(bad) <= retries
        assert states.count("lost") < LOSSES
        assert not most or later < most
