"""The config and the people as they are now, for who stays for months."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from labtool.core.config import Config
from labtool.core.errors import LabtoolError
from labtool.core.people import People

# Seconds after which the people's list is read again.
_EVERY = 300.0


@dataclass(slots=True)
class Fresh:
    """`again` reads the config, `read` the people of one."""

    config: Config
    again: Callable[[], Config]
    read: Callable[[Config], People]
    _people: People | None = None
    _at: float = float("-inf")
    _seen: tuple[int, int, int] = (0, 0, 0)
    _trouble: LabtoolError | None = None

    def __post_init__(self) -> None:
        self._seen = self._stamp()

    @property
    def people(self) -> People:
        """Everybody, as they were when the list could last be had. Raises where it never could."""
        if self._people is None:
            self.look_at_people()
        assert self._people is not None  # or it was raised
        return self._people

    def look(self) -> None:
        """Read the config anew if it is another. Raises ConfigError: the old one holds then."""
        stamp = self._stamp()
        if stamp != self._seen:
            self.config = self.again()
            self._seen, self._at = stamp, float("-inf")

    def look_at_people(self) -> None:
        """Read them anew now and then. Raises as `read`, until it can be read: those who were
        known are, meanwhile."""
        if time.monotonic() - self._at > _EVERY:
            self._at = time.monotonic()
            try:
                self._people, self._trouble = self.read(self.config), None
            except LabtoolError as error:
                self._trouble = error
        if self._trouble is not None:
            raise self._trouble

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self.config.path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
