"""Whether a shell can read a script at all."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from labtool.core.shell.template import Script
from labtool.core.text import one_line

_SECONDS = 10


def unreadable(shell: Sequence[str], script: Script) -> str:
    """What a bash says that cannot read a script, without running it; empty where it can, or is
    not here."""
    if Path(shell[0]).name != "bash" or shutil.which(shell[0]) is None:
        return ""
    call = [*shell, "-n", "-c", script.text]
    try:
        done = subprocess.run(
            call,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if not done.returncode:
        return ""
    return one_line(re.sub(r"^.*?line \d+: ", "", said[0]) if said else "syntax error", 200)
