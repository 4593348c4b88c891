"""The state machine: whatever a log says, the state makes sense."""

from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.center.models import State
from labtool.tasks.instruments.machine import Machine

NAMES = st.sampled_from(["Startup", "Rinse", "Calibration", "Acquisition"])
EVENTS = st.one_of(
    st.sampled_from(
        [
            ev.Opened(),
            ev.Ready(),
            ev.Ready("laser"),
            ev.Logout(),
            ev.Idle(),
            ev.Resumed(),
            ev.Stopping(),
            ev.Closed(),
            ev.Alert("bubble"),
            ev.Waiting("a tube"),
            ev.Login(),
        ]
    ),
    st.builds(ev.Requested, NAMES, st.sampled_from(["", "tube", "well B7"])),
    st.builds(ev.Started, NAMES),
    st.builds(ev.Step, NAMES, st.integers(0, 9)),
    st.builds(ev.Ended, NAMES, st.sampled_from(["done", "cancelled", "FAILED"])),
    st.builds(ev.Login, st.sampled_from(["ann", "bob"])),
)
SOME = st.lists(EVENTS, max_size=60)


def at(number: int) -> str:
    return f"2026-11-24T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"


@given(SOME)
def test_each_change_leaves_a_state_that_the_server_takes(events: list[ev.Event]) -> None:
    machine, begun = Machine(), list[str]()
    for number, event in enumerate(events):
        for told in machine.apply(event, at(number)):
            state = State.model_validate(told.as_json()["state"])
            if told.event.startswith("started "):
                begun.append(told.event.removeprefix("started "))
            elif told.event.startswith("ended "):
                # Whatever ends has begun, and the innermost ends first.
                assert begun.pop() == told.event.removeprefix("ended ")
                assert told.outcome
            assert [p.name for p in state.procedures] == begun
            assert (state.state == "running") <= bool(begun)
            assert (state.state == "waiting") <= bool(state.waiting_for)
            if state.state in ("off", "starting", "idle"):
                assert not begun
                assert not state.waiting_for


@given(SOME, st.integers(0, 60))
def test_it_goes_on_from_what_was_kept(events: list[ev.Event], when: int) -> None:
    whole, parted = Machine(), Machine()
    for number, event in enumerate(events):
        if number == when:
            parted = Machine.load(parted.dump())
        one, other = whole.apply(event, at(number)), parted.apply(event, at(number))
        assert [told.as_json() for told in one] == [told.as_json() for told in other]


@given(SOME)
def test_login_procedures_and_waiting_are_independent(events: list[ev.Event]) -> None:
    """Without the events about logging in, all else is the same."""
    with_users, without = Machine(), Machine()
    for number, event in enumerate(events):
        with_users.apply(event, at(number))
        if not isinstance(event, ev.Login | ev.Logout):
            without.apply(event, at(number))
    one, other = (each.snapshot().as_json() for each in (with_users, without))
    for state in (one, other):
        del state["user"], state["last_row"]
        if state["last"]:  # what was lost has ended with the last row, whatever that said
            del state["last"]["ended"]
    assert one == other


def test_what_was_asked_for_ends_what_has_no_end_of_its_own() -> None:
    machine = Machine()
    for event in (ev.Started("Calibration"), ev.Requested("Startup"), ev.Started("Startup")):
        machine.apply(event, at(1))
    assert [p.name for p in machine.stack] == ["Startup"]


def test_an_alert_is_over_once_something_that_began_later_has_ended_well() -> None:
    machine = Machine()
    machine.apply(ev.Started("Acquisition"), at(0))
    machine.apply(ev.Alert("bubble"), at(1))
    machine.apply(ev.Ended("Acquisition", "done"), at(2))
    assert machine.alerts
    machine.apply(ev.Started("Debubble"), at(3))
    machine.apply(ev.Ended("Debubble", "cancelled"), at(4))
    assert machine.alerts
    machine.apply(ev.Started("Debubble"), at(5))
    machine.apply(ev.Ended("Debubble", "done"), at(6))
    assert not machine.alerts


def test_an_error_lasts_until_something_goes_on() -> None:
    machine = Machine()
    machine.apply(ev.Started("Startup"), at(0))
    machine.apply(ev.Ended("Startup", "LASER_FAILED"), at(1))
    assert (machine.state, machine.error) == ("error", "Startup: LASER_FAILED")
    machine.apply(ev.Started("Startup"), at(2))
    assert machine.state == "running"
