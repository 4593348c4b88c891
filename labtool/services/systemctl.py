"""What systemd knows of units: `systemctl show` (systemctl(1))."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_SECONDS = 10
_ASKED = ("Id", "LoadState", "ActiveState", "NRestarts")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its ActiveState, and how often it was started again by itself."""

    active: str
    restarts: int


def units(names: Sequence[str]) -> dict[str, Unit]:
    """Those of these that systemd has; none where there is no systemd, or it does not answer."""
    if not names:
        return {}
    command = ["systemctl", "show", "--no-pager", f"--property={','.join(_ASKED)}", "--", *names]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    found = {}
    for block in answer.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if values.get("LoadState") == "loaded" and "Id" in values:
            restarts = values.get("NRestarts", "")
            count = int(restarts) if restarts.isdecimal() else 0
            found[values["Id"]] = Unit(values.get("ActiveState", ""), count)
    return found
