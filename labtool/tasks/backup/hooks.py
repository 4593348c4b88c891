"""The programs that a set calls before and after it is saved."""

from collections.abc import Sequence
from pathlib import Path

from labtool.services.program import run

_SECONDS = 3600.0


def call(commands: Sequence[Sequence[str]], folder: Path) -> None:
    """Run programs, one after the other, in the config's folder. Raises Failed and Temporary
    for one that fails; those after it are not run."""
    for command in commands:
        run(command, folder, _SECONDS)
