"""The Attune NxT flow cytometer: its software's system log.

`System_YYYY-MM-DD_HH-MM-SS.log`, a new one at each start of the software. A row is
`time,type,user,category,message,number`; the message may hold commas, semicolons, quotes and
text in a wrong encoding, and the next message may be glued to it. As observed on a real
instrument; the vendor documents none of it.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

from labtool.core.files import expand
from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.events import Event, Parser, Row
from labtool.tasks.instruments.kinds._base import InstrumentOptions

_COLUMN = re.compile(r'(?:"((?:[^"]|"")*)"|([^",][^,]*|)),')
_LOG = re.compile(r"System_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.log", re.IGNORECASE)
_STEP = re.compile(r"Instrument function (.+?) executing line (\d{1,6})(?!\d)\s*(.*)", re.DOTALL)
_IDLE = "Instrument Idle"
_SELF_TEST = "Power On Self-test"
# A code is a number or a word; what follows is the next message, glued to it. A word that is not
# in capitals ends the row.
_DONE = re.compile(
    r"Event:(.+?)_Done~(0x[0-9A-Fa-f]+|-?\d+|[A-Z][A-Z0-9_]*(?![a-z])|(?!log)[A-Za-z]\w*\s*$|)"
    r"\s*(.*)",
    re.DOTALL,
)
_STARTING = re.compile(r"Event:Starting_(.+?)\s*")
_WELL = re.compile(r"Acquisition initiated on well (\S{1,10}) Preload.*")
_INITIATED = re.compile(r"(\S.{0,79}?) initiated\s*")
_ACTION = re.compile(r'User Action required to continue-action="?([^"]{0,200})"?.*')
_STOP = re.compile(
    r"Entered InstrumentFunctionManager::StopAction\(\) during -- .{0,80} -- STOPPING.*"
)
_BUBBLE = re.compile(r"Data:New Bubble Detected at\b.*|BUBBLE SIZE GREATER THAN THRESHOLD.*")
# What a message begins with, also where it is glued to the one before.
_GLUED = re.compile(
    r"(?<=\S)(?=Event:|Data:|Instrument function \S|Displaying instructions to user|User Action req"
    r"|Entered InstrumentFunctionManager|BUBBLE SIZE GREATER|Qc Engine Initialized"
    r"|Unable to GetCurrentUser)"
)
_READING = re.compile(r"Data:[\w ]*~[-+.\d]*,\d*\r?$")
_QC = "Qc Engine Initialized"
# A message without any of these says nothing: most of those that do not repeat.
_WORDS = ("Event:", "Instrument function", "initiated", "log", "ction", "instr", "ubble", "BUBBLE")
_FINE = ("", "0")
_SET_BACK, _LATELY = timedelta(hours=2), timedelta(days=1)
# Messages repeat: there are some hundreds of different ones. Long ones do not.
_REMEMBERED, _SHORT = 4096, 300


class Options(InstrumentOptions):
    """An Attune NxT."""

    newest_alone: ClassVar[bool] = True
    kind: Literal["attune"]

    def parser(self) -> Parser:
        """What makes events of rows."""
        return parse

    def is_near(self, name: str, current: str, now: datetime) -> bool:
        """Whether this log's name is little earlier, as an hour comes twice in autumn, or of
        now, so that it is the other's clock that was wrong."""
        begun = _begun(name)
        return _begun(current) - begun <= _SET_BACK or abs(now - begun) <= _LATELY

    def files(self) -> Sequence[Path]:
        """The system logs of the folder `logs`, oldest first: their names say when."""
        with os.scandir(expand(self.logs)) as found:
            logs = [e.name for e in found if _LOG.fullmatch(e.name) and e.is_file()]
        return [expand(self.logs) / name for name in sorted(logs, key=str.lower)]


def _begun(name: str) -> datetime:
    try:
        return datetime.strptime(name[:26], "System_%Y-%m-%d_%H-%M-%S")  # noqa: DTZ007  (local)
    except ValueError:
        return datetime.max  # noqa: DTZ901  (nor has this one any)


def parse(rows: Iterable[str]) -> Iterator[Row | None]:
    """Each row's meaning; None where it is no row."""
    known: dict[str, tuple[Event, ...]] = {}
    for row in rows:
        try:
            time, _, user, _, rest = row.split(",", 4)
        except ValueError:
            yield None
            continue
        end = rest.rfind(",")
        message = rest[:end] if end >= 0 else rest
        if message in known:
            yield time, user, known[message]
        # Readings are many, all different, and say nothing of the state.
        elif rest.startswith("Data:") and _READING.match(rest):
            yield time, user, ()
        elif '"' in row:  # in a column, it may hold commas
            yield _quoted(row)
        else:
            said = tuple(meaning(message)) if any(map(message.__contains__, _WORDS)) else ()
            if len(message) < _SHORT and len(known) < _REMEMBERED:
                known[message] = said
            yield time, user, said


def _quoted(row: str) -> Row | None:
    """A row that may have columns in quotes, as of CSV; in a message they may be anything."""
    columns, rest = [], row
    for _ in range(4):
        found = _COLUMN.match(rest)
        if found is None:
            return None
        columns.append(found[1].replace('""', '"') if found[1] is not None else found[2])
        rest = rest[found.end() :]
    message, comma, _ = rest.rpartition(",")
    return columns[0], columns[2], tuple(meaning(message if comma else rest))


def meaning(message: str) -> Iterator[Event]:
    """What a message says, and those that are glued to it."""
    text = message.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    for part in _GLUED.split(text):
        yield from _meaning(part.removeprefix(_QC))


def _meaning(text: str) -> Iterator[Event]:
    if found := _STEP.fullmatch(text):
        name, number = found[1], int(found[2])
        yield ev.Idle() if name == _IDLE else ev.Step(name, number)
        yield from _said(found[3])
    elif found := _DONE.fullmatch(text):
        yield from _ended(found[1], found[2])
        yield from _said(found[3])
    elif found := _STARTING.fullmatch(text):
        yield ev.Started(found[1])
    else:
        yield from _said(text)


def _ended(name: str, code: str) -> tuple[Event, ...]:
    code = code.strip()
    outcome = "done" if code in _FINE else "cancelled" if "CANCEL" in code.upper() else code
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
        return (ev.Waiting("follow the instructions on its screen", vague=True),)
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
