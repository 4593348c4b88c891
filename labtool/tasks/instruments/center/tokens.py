"""Who may speak to the API: a token for each watch, as `serve.tokens` of the config has it."""

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from labtool.core.errors import LabtoolError
from labtool.core.log import complain

# Seconds: how long a token is good that was changed where nobody can see it.
_EVERY = 60.0
Load = Callable[[], Mapping[str, str]]


class Tokens:
    """The tokens, read again when one of `files` has changed, and each minute, as they may stand
    elsewhere: who takes one out has revoked it. `load` reads them; `clock` gives seconds."""

    def __init__(
        self, files: list[Path], load: Load, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._files, self._load, self._clock = files, load, clock
        self._turn = threading.Lock()
        self._seen, self._at = self._signature(), clock()
        self._tokens = dict(load())
        self._complained = ""

    def owner(self, given: str) -> str:
        """Whose token this is; empty where it is nobody's. It takes as long for every wrong
        one."""
        found = ""
        wanted = given.encode("utf-8", "replace")
        for name, token in self._now().items():
            if hmac.compare_digest(token.encode(), wanted) and token:
                found = name
        return found

    def _now(self) -> Mapping[str, str]:
        with self._turn:
            seen = self._signature()
            if seen != self._seen or self._clock() - self._at >= _EVERY:
                self._seen, self._at = seen, self._clock()
                self._read()
            return self._tokens

    def _read(self) -> None:
        said = ""
        try:
            self._tokens = dict(self._load())
        except LabtoolError as error:
            # Whoever is let in by a config that cannot be read was let in before.
            said = f"the tokens stay as they were: {error}"
        if said and said != self._complained:
            complain(said)
        self._complained = said

    def _signature(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_signature(path) for path in self._files)


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
