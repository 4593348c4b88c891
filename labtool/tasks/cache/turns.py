"""Whose turn it is to ask a source: runs of `labtool cache` go on beside one another, and no
two of them ask the same source.
"""

from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from labtool.core.errors import AlreadyRunning
from labtool.core.lock import hold


class Turn:
    """The right to ask a source. It ends when both who asks and who keeps the answer are
    done: one who was given up may still be asking."""

    def __init__(self, held: ExitStack) -> None:
        self._held, self._users, self._guard = held, 2, Lock()

    @classmethod
    def take(cls, state: Path, name: str) -> "Turn | None":
        """The turn; None while another process asks this source. Raises StateError."""
        held = ExitStack()
        try:
            # No name of a source has a dot in it, and no other lock this name.
            held.enter_context(hold(state, f"cache.{name}"))
        except AlreadyRunning:
            return None
        return cls(held)

    def done(self) -> None:
        """One of the two is done."""
        with self._guard:
            self._users -= 1
            last = self._users == 0
        if last:
            self._held.close()

    def give_back(self) -> None:
        """Nobody asks after all."""
        self._held.close()
