"""A running `labtool serve`."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import Lab, poll


@contextmanager
def served(lab: Lab, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server's address, and its process, which is ended at the end."""
    process = lab.start("serve", *arguments)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+/", line)
    assert found, line + (process.stderr.read() if process.stderr else "")
    try:
        yield found[0].rstrip("/"), process
    finally:
        if process.poll() is None:
            process.terminate()
            poll(lambda: process.poll() is not None)
