"""What an Attune's rows mean."""

import pytest

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.kinds.attune import meaning, parse
from labtool.tasks.instruments.machine import Machine
from tests.tasks.instruments.day import REAL, first_300

# By hand: the row, what happened, how what ended has ended, the state, the procedures. Between
# them a procedure goes through steps, which is tested apart.
EXPECTED = """
  0 opened                      starting
 40 login                       starting
100 ready                       idle
103 started Startup             running  Startup
164 ended Startup: done         idle
165 started Rinse               running  Rinse
185 ended Rinse: done           idle
187 started Calibration         running  Calibration
190 started Rinse               running  Calibration > Rinse
208 ended Rinse: unknown        running  Calibration
216 started Rinse               running  Calibration > Rinse
233 ended Rinse: unknown        running  Calibration
243 started Rinse               running  Calibration > Rinse
261 ended Rinse: unknown        running  Calibration
275 started Rinse               running  Calibration > Rinse
293 ended Rinse: done           running  Calibration
293 ended Calibration: unknown  idle
295 started Rinse               running  Rinse
"""
# The steps of the calibration itself, by hand: those that stand in the rinse's name too.
CALIBRATION = "1 1 2 3 4 5 1 7 8 9 10 11 1 13 14 15 16 17 18 19 1"


def told(messages: list[str]) -> list[tuple[int, str, str, str, list[str], int | None]]:
    """What the messages change: row, event, outcome, state, procedures, step."""
    machine = Machine()
    found = [(0, t) for t in machine.apply(ev.Opened(), "0")]
    for number, message in enumerate(messages, 1):
        for event in meaning(message):
            found += [(number, t) for t in machine.apply(event, str(number), "Ann Lee")]
    return [
        (
            number,
            t.event,
            t.outcome,
            t.state.state,
            [name for name, *_ in t.state.procedures],
            t.as_json()["state"]["procedures"][-1]["step"] if t.state.procedures else None,
        )
        for number, t in found
    ]


def lines(messages: list[str]) -> list[str]:
    return [
        f"{number:>3} {f'{event}: {outcome}' if outcome else event:<27} {state:<8}"
        f" {' > '.join(procedures)}".rstrip()
        for number, event, outcome, state, procedures, _ in told(messages)
        if not event.startswith("step ")
    ]


def test_the_first_300_rows() -> None:
    assert len(first_300()) == 300
    assert lines(first_300()) == [line.rstrip() for line in EXPECTED.strip("\n").splitlines()]


def test_the_steps_of_a_calibration_that_runs_rinses() -> None:
    found = [
        str(step) for _, event, _, _, _, step in told(first_300()) if event == "step Calibration"
    ]
    assert " ".join(found) == CALIBRATION


@pytest.mark.skipif(not REAL.exists(), reason="the real day is not here")
def test_the_real_day_says_the_same() -> None:
    real = REAL.read_text(encoding="utf-8").split("\n")
    assert told(real[:300]) == told(first_300())
    states = lines(real)
    assert sum("started Calibration" in line for line in states) == 3
    assert sum("waiting" in line for line in states) == 7
    assert any("bubble" in line for line in states)


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ("login", (ev.Login(),)),
        ("logout", (ev.Logout(),)),
        ("Event:Starting_Sample Recovery", (ev.Started("Sample Recovery"),)),
        ("Event:Startup_Done~0", (ev.Ended("Startup", "done"),)),
        ("Event:Startup_Done~FUNCTION_CANCELLED", (ev.Ended("Startup", "cancelled"),)),
        ("Event:Startup_Done~FUNCTION_FAILED", (ev.Ended("Startup", "FUNCTION_FAILED"),)),
        (
            "Event:Startup_Done~FUNCTION_CANCELLEDLine Calibration initiated",
            (ev.Ended("Startup", "cancelled"), ev.Requested("Line Calibration")),
        ),
        (
            "Event:Rinse_Done~0Event:Starting_Shutdown",
            (ev.Ended("Rinse", "done"), ev.Started("Shutdown")),
        ),
        ("Event:Shutdown_Done~0", (ev.Ended("Shutdown", "done"), ev.Closed())),
        ("Acquisition initiated", (ev.Requested("Acquisition", "tube"),)),
        ("Acquisition initiated on well B7 Preload", (ev.Requested("Acquisition", "well B7"),)),
        (
            'User Action required to continue-action="Raise tube lifter"',
            (ev.Waiting("Raise tube lifter"),),
        ),
        ("Event:Acquisition StopSampleAcquisition", (ev.Stopping(),)),
        (
            "Entered InstrumentFunctionManager::StopAction() during -- Rinse -- STOPPING.",
            (ev.Stopping(),),
        ),
        ("Data:New Bubble Detected at  185", (ev.Alert("bubble"),)),
        ("BUBBLE SIZE GREATER THAN THRESHOLD!!!", (ev.Alert("bubble"),)),
        ("Data:Laser_1_Wavelength~639", ()),
        ("Instrument function Any New Thing executing line 7", (ev.Step("Any New Thing", 7),)),
        ("Instrument function Instrument Idle executing line 1", (ev.Idle(),)),
        ("Unable to GetCurrentUser()!;1009;CAttune::LoadUsers", ()),
        ("CytKickâ„¢ Autosampler, \x1b[31m <b>", ()),
        ("", ()),
    ],
)
def test_messages(message: str, events: tuple[ev.Event, ...]) -> None:
    assert tuple(meaning(message)) == events


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2026-11-24T09:00:00,Info,Ann,System,login,7", (ev.Login(),)),
        ('2026-11-24T09:00:00,Info,Ann,System,"login",7', (ev.Login(),)),
        ('2026-11-24T09:00:00,Info,,S,Data:A~"x, y",7', ()),
        ("2026-11-24T09:00:00,Info,,S,Data:New Bubble Detected at  1,7", (ev.Alert("bubble"),)),
        (
            '2026-11-24T09:00:00,I,,S,User Action required to continue-action="a, b",7',
            (ev.Waiting("a, b"),),
        ),
    ],
)
def test_rows(row: str, message: tuple[ev.Event, ...]) -> None:
    [found] = parse([row])
    assert found
    assert tuple(found[2]) == message


@pytest.mark.parametrize("row", ["", "\x00\ufffd", "a,b,c", "login"])
def test_what_is_no_row(row: str) -> None:
    assert list(parse([row])) == [None]
