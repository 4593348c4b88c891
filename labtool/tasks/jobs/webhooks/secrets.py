"""The secrets of webhooks: looked up now and then, however many deliveries come."""

import asyncio
import time
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from labtool.core.config.secrets import Secret
from labtool.core.errors import ConfigError

# Seconds for which one is known, and for which it is known that it cannot be had.
_GOOD, _BAD = 60.0, 10.0


@dataclass(slots=True)
class Known:
    """One secret, which may be a file or a command: only one asks at a time, beside the loop."""

    secret: Secret
    _text: str = ""
    _error: ConfigError | None = None
    _until: float = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def text(self) -> str:
        """It. Raises ConfigError."""
        async with self._lock:
            if time.monotonic() >= self._until:
                await run_in_threadpool(self._look)
        if self._error is not None:
            raise self._error
        return self._text

    def _look(self) -> None:
        try:
            self._text, self._error = self.secret.reveal(), None
        except ConfigError as error:
            self._error = error
        self._until = time.monotonic() + (_BAD if self._error else _GOOD)
