"""Folders below one, each opened from the one above and never through a link: whatever a name
says, or somebody puts in its way, what is done is done below the root. Paths may be longer than
the system takes in one piece.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from labtool.core.errors import Failed

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# To go through it, where the system has that; a folder that may be entered need not be readable.
_THROUGH = _FOLDER | getattr(os, "O_PATH", os.O_RDONLY)


def parts(name: str) -> list[str]:
    """The parts of a relative path. Raises Failed for one that leads elsewhere."""
    found = name.split("/")
    if not name or "\0" in name or any(part in ("", ".", "..") for part in found):
        raise Failed("its name leads out of the folder; it was left out")
    return found


class Below:
    """The folders below `root`, which is there. Raises OSError for what cannot be opened."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, _THROUGH & ~os.O_NOFOLLOW)
        # The way to the folder that was asked for last: most files are beside one another.
        self._way: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._back(0)
        os.close(self._root)

    def folder(self, way: Sequence[str], *, make: bool = False) -> int:
        """A folder, open until the next is asked for; with `make`, it is made where it is not
        there, for this user alone. Raises Failed where a link is on the way."""
        same = 0
        for (known, _), part in zip(self._way, way, strict=False):
            if known != part:
                break
            same += 1
        self._back(same)
        for part in way[same:]:
            self._way.append((part, self._open(part, make=make)))
        return self._here

    def changed(self, way: Sequence[str]) -> None:
        """What is at a path is not what it was."""
        if [part for part, _ in self._way[: len(way)]] == list(way):
            self._back(len(way) - 1)

    @property
    def _here(self) -> int:
        return self._way[-1][1] if self._way else self._root

    def _open(self, part: str, *, make: bool) -> int:
        try:
            try:
                return os.open(part, _THROUGH, dir_fd=self._here)
            except FileNotFoundError:
                if not make:
                    raise
                os.mkdir(part, 0o700, dir_fd=self._here)
                return os.open(part, _THROUGH, dir_fd=self._here)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                what = "a link in its path leads elsewhere; it was left out"
                raise Failed(what) from error
            raise

    def _back(self, length: int) -> None:
        while len(self._way) > length:
            os.close(self._way.pop()[1])
