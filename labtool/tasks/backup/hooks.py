"""The programs that a set calls before and after it is saved."""

from collections.abc import Sequence
from pathlib import Path

from labtool.core.errors import LabtoolError
from labtool.core.log import complain
from labtool.services.program import run

_SECONDS = 3600.0


def call(commands: Sequence[Sequence[str]], folder: Path, *, must: bool = False) -> None:
    """Run programs, one after the other, in the config's folder. One that fails is said; where
    it `must` not, that is raised."""
    for command in commands:
        try:
            run(command, folder, _SECONDS)
        except LabtoolError as error:
            if must:
                raise
            complain(f"a hook failed: {error}")
