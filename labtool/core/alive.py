"""Signs of life of what stays in the foreground: a file of the state folder, which others look
at, and systemd's watchdog, which starts anew what hangs.
"""

import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labtool.core.clock import from_iso, iso
from labtool.core.config.types import show_duration
from labtool.core.files import write_atomic
from labtool.core.lock import held

# Those that give signs of life.
_NAMES = ("slack-bot",)
_LATE = timedelta(minutes=2)


def alive(state: Path, name: str, *, connected: bool, down: float | None) -> None:
    """It lives; whether it is connected, and for how many seconds it has not been, where that is
    known. Raises StateError."""
    found = {
        "at": iso(datetime.now(UTC)),
        "connected": connected,
        "down_seconds": None if down is None else round(down),
    }
    write_atomic(state / f"{name}.json", json.dumps(found).encode() + b"\n")
    _notify("WATCHDOG=1")


def worries(state: Path, now: datetime) -> list[str]:
    """What is wrong with those that run: they hang, or are not connected."""
    found = (_worry(state, name, now) for name in _NAMES if held(state, name))
    return [worry for worry in found if worry]


def _worry(state: Path, name: str, now: datetime) -> str:
    try:
        known = json.loads((state / f"{name}.json").read_bytes())
        late, connected = now - from_iso(known["at"]), bool(known["connected"])
        seconds = known["down_seconds"]
        down = None if seconds is None else timedelta(seconds=int(seconds))
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it has only begun
    if late > _LATE:
        since = show_duration(late - timedelta(microseconds=late.microseconds))
        return f"{name} runs, but has given no sign of life for {since}: start it again"
    if connected or (down is not None and down < _LATE):
        return ""
    return f"{name} is not connected" + ("" if down is None else f", for {show_duration(down)}")


def _notify(text: str) -> None:
    """Tell systemd, where it has started us (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        way.send(text.encode())
