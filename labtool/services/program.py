"""Running a program of the lab's for what it prints: bounded in time and size, and ended with
all that it started.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from labtool.core.errors import Failed, Temporary
from labtool.core.text import one_line

_LARGEST = 20 * 1024 * 1024


def run(command: Sequence[str], folder: Path, seconds: float) -> bytes:
    """What a program prints. No shell is involved.

    Raises Failed where it cannot be started, ends with another status than 0, or prints more
    than 20 MB; Temporary where it does not end in time.
    """
    name = command[0]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        fix = "check its name and path"
        raise Failed(f"cannot be started ({why})", where=name, fix=fix, code="program") from None
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        what = f"gave no answer in {seconds:g} s, and was ended"
        raise Temporary(what, where=name, code="program") from None
    finally:
        # What it left behind goes with it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    if process.returncode:
        said = one_line(err.decode("utf-8", "replace").strip().rpartition("\n")[2], 200)
        what = f"ended with status {process.returncode}{f': {said}' if said else ''}"
        raise Failed(what, where=name, fix="run it by hand", code="program")
    if len(out) > _LARGEST:
        raise Failed("prints more than 20 MB", where=name, code="too_large")
    return out
