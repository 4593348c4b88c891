"""The messages of an Attune's morning, as of a real one: what counts of them in its order, and
other rows, invented, in place of those that do not.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

# Of the real day; may be absent.
REAL = Path(__file__).parents[4] / "shared" / "data" / "attune-messages-train.txt"

_PREREQUISITES = "_CheckFuncPrerequisites() - Necessary User Actions Completed-executing function"
_STARTUP = (
    "3 5 6 7 8 9 6 7 8 9 10 11 12 11 12 11 12 11 12 11 12 11 12 11 12 13 14 15 14 15 14 15 14 15"
    " 16 17 18 19 20 21 22 25 26 27 28 29 30 0"
)
_RINSE = "2 3 4 5 6 8 9 10 11 12 13 14 15 16 17"
# ~ stands for rows that say nothing of the state.
_FIRST_300 = f"""
~ 39
login
~ 59
Event:Power On Self-test_Done~0
~ 1
Startup initiated
Event:Starting_Startup
Instrument status correct to enable function
{_PREREQUISITES}
~ 1
: Startup 1 2 3 2 3 2 3 2
~ 1
: Startup {_STARTUP}
Event:Startup_Done~0
Event:Starting_Rinse
{_PREREQUISITES}
: Rinse 1 {_RINSE} 19 0
Event:Rinse_Done~0
Event:Rinse_Done~0Line Calibration initiated
Event:Starting_Calibration
{_PREREQUISITES}
: Calibration 1
: Rinse {_RINSE} 18 19 0 1
: Calibration 2 3 4 5
~ 1
: Calibration 1
~ 1
: Rinse {_RINSE} 19 0 7
: Calibration 8 9 10 11
~ 4
: Calibration 1
: Rinse {_RINSE} 18 19 0 13
: Calibration 14 15 16 17
~ 2
: Calibration 18
~ 4
: Calibration 19 1
: Rinse {_RINSE} 18 19 0
Event:Rinse_Done~0
: Instrument Idle 1
: Rinse 2 3 4 5 6 8
"""
_FILLER = (
    "Data:AAS_X_Axis_Movement~3373",
    " Processing nID = 31202;0;CMain::OnRibbon",
    "Data:Laser 1",
)


def first_300() -> list[str]:
    """The messages of the first 300 rows."""
    return list(_messages(_FIRST_300))


def _messages(text: str) -> Iterator[str]:
    for line in text.strip().splitlines():
        if line.startswith("~ "):
            yield from (_FILLER[n % len(_FILLER)] for n in range(int(line[2:])))
        elif line.startswith(": "):
            words = line[2:].split(" ")
            name = " ".join(word for word in words if not word.isdigit())
            for number in (word for word in words if word.isdigit()):
                yield f"Instrument function {name} executing line {number}"
        else:
            yield line


def rows(messages: list[str], begin: datetime, user: str = "Ann Lee") -> list[bytes]:
    """Rows of a log, one a second."""
    times = [(begin + timedelta(seconds=n)).isoformat() for n in range(len(messages))]
    return [
        f"{time},Info,{user},System,{message},7\r\n".encode()
        for time, message in zip(times, messages, strict=True)
    ]
