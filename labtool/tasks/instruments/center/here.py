"""The server's side in this very place: for an instrument whose logs are read where its states are
kept, so that nothing goes over a network.
"""

from contextlib import closing
from typing import Any

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import OutOfStep
from labtool.tasks.instruments.center.keeping import Keeping, OutOfStepError
from labtool.tasks.instruments.center.models import Changes, Heartbeat


class Here:
    """Takes what a watch sends, as the server's API does."""

    def __init__(self, config: Config, clock: Clock, key: str) -> None:
        self._state, self._clock, self._key = config.state, clock, key

    def send(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Keep `events` or a `heartbeat`. Raises OutOfStep and StateError."""
        with closing(Database.open(self._state)) as database:
            kept, now = Keeping(database), self._clock.now()
            if what == "heartbeat":
                kept.beat(self._key, Heartbeat.model_validate(body), now)
                return {"ok": True}
            try:
                return {"last": kept.take(self._key, Changes.model_validate(body), now)}
            except OutOfStepError as error:
                raise OutOfStep(error.expected, where=self._key) from None
