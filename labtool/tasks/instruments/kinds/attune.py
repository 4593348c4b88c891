"""The Attune NxT flow cytometer: its software's system log.

`System_YYYY-MM-DD_HH-MM-SS.log`, a new one at each start of the software. A row is
`time,type,user,category,message,number`; the message may hold commas, semicolons, quotes and
text in a wrong encoding, and the next message may be glued to it. As observed on a real
instrument; the vendor documents none of it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from labtool.core.files import expand
from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.events import Event, Parser, Row
from labtool.tasks.instruments.kinds._base import InstrumentOptions

_LOG = re.compile(r"System_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.log", re.IGNORECASE)
_STEP = re.compile(r"Instrument function (.{1,80}) executing line (\d{1,6})\s*")
_IDLE = "Instrument Idle"
_SELF_TEST = "Power On Self-test"
# A code is digits or a word in capitals; what follows is the next message, glued to it.
_DONE = re.compile(r"Event:(.{1,80}?)_Done~(-?\d+|[A-Z][A-Z0-9_]*(?![a-z])|)\s*(.*)", re.DOTALL)
_STARTING = re.compile(r"Event:Starting_(.{1,80}?)\s*")
_WELL = re.compile(r"Acquisition initiated on well (\S{1,10}) Preload.*")
_INITIATED = re.compile(r"(\S.{0,79}?) initiated\s*")
_ACTION = re.compile(r'User Action required to continue-action="?([^"]{0,200})"?.*')
_STOP = re.compile(
    r"Entered InstrumentFunctionManager::StopAction\(\) during -- .{0,80} -- STOPPING.*"
)
_BUBBLE = re.compile(r"Data:New Bubble Detected at\b.*|BUBBLE SIZE GREATER THAN THRESHOLD.*")
_FINE = ("", "0")
# Messages repeat: there are some hundreds of different ones.
_REMEMBERED = 4096


class Options(InstrumentOptions):
    """An Attune NxT."""

    kind: Literal["attune"]

    def parser(self) -> Parser:
        """What makes events of rows."""
        return parse

    def files(self) -> Sequence[Path]:
        """The system logs of the folder `logs`, oldest first: their names say when."""
        found = expand(self.logs).iterdir()
        return sorted((p for p in found if _LOG.fullmatch(p.name)), key=lambda p: p.name.lower())


def parse(row: str) -> Row | None:
    """A row's meaning; None where it is no row."""
    parts = row.split(",", 4)
    if len(parts) < 5:
        return None
    time, _, user, _, rest = parts
    # Readings are many, all different, and say nothing of the state.
    if rest.startswith("Data:") and "Bubble" not in rest:
        return time, user, ()
    message, comma, _ = rest.rpartition(",")
    return time, user, meaning(message if comma else rest)


@lru_cache(maxsize=_REMEMBERED)
def meaning(message: str) -> tuple[Event, ...]:
    """What a message says."""
    text = message.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    return _meaning(text)


def _meaning(text: str) -> tuple[Event, ...]:
    if found := _STEP.fullmatch(text):
        name, number = found[1], int(found[2])
        return (ev.Idle(),) if name == _IDLE else (ev.Step(name, number),)
    if found := _DONE.fullmatch(text):
        return (*_ended(found[1], found[2]), *(_meaning(found[3]) if found[3] else ()))
    if found := _STARTING.fullmatch(text):
        return (ev.Started(found[1]),)
    return _said(text)


def _ended(name: str, code: str) -> tuple[Event, ...]:
    outcome = "done" if code in _FINE else "cancelled" if "CANCEL" in code else code
    if name == _SELF_TEST:
        return (ev.Ended(name, outcome), ev.Ready("" if outcome == "done" else outcome))
    if name == "Shutdown" and outcome == "done":
        return (ev.Ended(name, outcome), ev.Closed())
    return (ev.Ended(name, outcome),)


def _said(text: str) -> tuple[Event, ...]:
    if text == "login":
        return (ev.Login(),)
    if text == "logout":
        return (ev.Logout(),)
    if "Necessary User Actions Completed" in text:
        return (ev.Resumed(),)
    if text.startswith("Displaying instructions to user"):
        return (ev.Waiting("follow the instructions on its screen"),)
    if found := _ACTION.fullmatch(text):
        return (ev.Waiting(found[1].strip() or "an action"),)
    if found := _WELL.fullmatch(text):
        return (ev.Requested("Acquisition", f"well {found[1]}"),)
    if found := _INITIATED.fullmatch(text):
        return (ev.Requested(found[1], "tube" if found[1] == "Acquisition" else ""),)
    if _STOP.fullmatch(text) or text == "Event:Acquisition StopSampleAcquisition":
        return (ev.Stopping(),)
    if _BUBBLE.fullmatch(text):
        return (ev.Alert("bubble"),)
    return ()
