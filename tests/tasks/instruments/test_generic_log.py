"""An instrument that is described by regular expressions alone."""

import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.kinds.attune import parse
from labtool.tasks.instruments.kinds.generic_log import Options
from labtool.tasks.instruments.machine import Machine
from tests.tasks.instruments.day import first_300, rows

# A plate reader that nobody makes.
READER = {
    "kind": "generic-log",
    "opened": "^Gleam [0-9.]+ starts",
    "ready": "^self-test passed",
    "start": "^RUN (?P<procedure>.+)$",
    "progress": r"^(?P<procedure>\w+) plate (?P<step>\d+)",
    "end": r"^DONE (?P<procedure>\w+)(?: \((?P<outcome>.+)\))?$",
    "user": "^session of (?P<user>.+)$",
    "logout": "^session over",
    "waiting": "^please (?P<what>.+)$",
    "resumed": "^thank you",
    "error": "^FAULT (?P<what>.+)$",
    "alert": "^(?P<what>lamp is old)",
    "closed": "^bye",
}
LOG = """
[2026-11-24 09:00:00.5] Gleam 2.1 starts
[2026-11-24 09:00:02.5] self-test passed
[2026-11-24 09:00:09.0] session of Bob Stone
[2026-11-24 09:00:10.0] RUN Kinetics
[2026-11-24 09:00:11.0] please open the drawer
[2026-11-24 09:00:20.0] thank you
[2026-11-24 09:00:21.0] Kinetics plate 1
[2026-11-24 09:00:22.0] lamp is old
[2026-11-24 09:05:00.0] DONE Kinetics (ok)
[2026-11-24 09:06:00.0] RUN Scan
[2026-11-24 09:06:10.0] FAULT drawer jammed
[2026-11-24 09:07:10.0] DONE Scan (aborted by user)
[2026-11-24 09:08:00.0] session over
[2026-11-24 09:09:00.0] bye
"""
# What the Attune's own parser knows, as far as patterns can say it.
ATTUNE = {
    "kind": "generic-log",
    "columns": ["time", "type", "user", "category", "message", "number"],
    "ready": "^Event:Power On Self-test_Done~0",
    "user": "^login$",
    "logout": "^logout$",
    "requested": "(?:^|~0)(?P<procedure>[A-Z][A-Za-z ]+) initiated",
    "start": "^Event:Starting_(?P<procedure>.+)$",
    "progress": (r"^Instrument function (?P<procedure>.+) executing line (?P<step>\d+)"),
    "end": r"^Event:(?P<procedure>.+?)_Done~(?P<outcome>\d+|[A-Z_]+)(?:[A-Z][a-z]|[^A-Za-z_]|$)",
    "idle": "^Instrument function Instrument Idle",
    "waiting": '^User Action required to continue-action="(?P<what>[^"]+)',
    "resumed": "Necessary User Actions Completed",
    "stopping": "^Event:Acquisition StopSampleAcquisition|-- STOPPING",
    "alert": "^Data:New (?P<what>Bubble)",
}


def told(options: dict[str, Any], lines: list[str]) -> list[tuple[str, str, str, list[str]]]:
    parser, machine = Options.model_validate(options).parser(), Machine()
    found = []
    for row, line in zip(parser(lines), lines, strict=True):
        assert row, line
        for event in row[2]:
            found += machine.apply(event, *row[:2])
    return [
        (t.event, t.outcome, t.state.state, [name for name, *_ in t.state.procedures])
        for t in found
    ]


def test_an_invented_instrument() -> None:
    lines = LOG.strip().splitlines()
    assert told(READER, lines) == [
        ("opened", "", "starting", []),
        ("ready", "", "idle", []),
        ("login", "", "idle", []),
        ("started Kinetics", "", "running", ["Kinetics"]),
        ("waiting", "", "waiting", ["Kinetics"]),
        ("resumed", "", "running", ["Kinetics"]),
        ("step Kinetics", "", "running", ["Kinetics"]),
        ("lamp is old", "", "running", ["Kinetics"]),
        ("ended Kinetics", "done", "idle", []),
        ("started Scan", "", "running", ["Scan"]),
        ("error", "drawer jammed", "error", ["Scan"]),
        ("ended Scan", "cancelled", "error", []),
        ("logout", "", "error", []),
        ("closed", "", "off", []),
    ]


def test_it_can_say_what_the_attune_does() -> None:
    lines = [row.decode().rstrip() for row in rows(first_300(), datetime(2026, 11, 24, 9))]
    machine, own = Machine(), []
    for row in parse(lines):
        assert row
        for event in row[2]:
            if not isinstance(event, ev.Waiting):
                own += machine.apply(event, *row[:2])
    assert told(ATTUNE, lines) == [
        (t.event, t.outcome, t.state.state, [name for name, *_ in t.state.procedures]) for t in own
    ]


@pytest.mark.parametrize("line", ["", "no time at all", "\x00\ufffd" * 50, "2026 RUN x"])
def test_what_is_no_row(line: str) -> None:
    assert list(Options.model_validate(READER).parser()([line])) == [None]


def test_no_expression_takes_for_ever() -> None:
    options = Options.model_validate({**READER, "alert": "(a+)+$", "error": "(x|x)*y"})
    row = f"{LOG.strip().splitlines()[0][:19]} {'a' * 3000}!{'x' * 1000}"
    started = time.process_time()
    assert list(options.parser()([row])) != [None]
    assert time.process_time() - started < 5


@pytest.mark.parametrize("expression", ["(", "(?=later)", r"(a)\1", "[a-", "(?P<x"])
def test_what_is_no_expression_is_told(expression: str) -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        Options.model_validate({**READER, "alert": expression})


@given(st.text(max_size=60))
def test_any_text_is_searched(text: str) -> None:
    options = Options.model_validate({**READER, "alert": ".*"})
    assert len(list(options.parser()([f"2026-11-25T10:00:00 {text}"]))) == 1
