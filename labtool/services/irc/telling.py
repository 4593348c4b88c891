"""What is worth knowing about the connection, in plain sentences, once and without secrets."""

from collections.abc import Callable
from dataclasses import dataclass

from labtool.core.masking import mask
from labtool.core.text import one_line
from labtool.services.irc.outgoing import Bucket

_BURST = 3


@dataclass(slots=True)
class _Topic:
    changes: Bucket
    well: bool | None = None
    told: float = 0.0


class Telling:
    """Passes sentences on to `told`. Of each topic it is told when it turns bad (three times,
    then once in `repeat` seconds), what stays bad again after `repeat` seconds, and when what
    was told to be bad is well again."""

    def __init__(
        self,
        told: Callable[[str], None],
        *,
        secret: str = "",
        repeat: float,
        clock: Callable[[], float],
    ) -> None:
        self._told = told
        self._secret = secret
        self._repeat = repeat
        self._clock = clock
        self._topics: dict[str, _Topic] = {}

    def bad(self, topic: str, text: str, *, once: bool = False) -> None:
        """Tell that something is wrong; with `once`, not again until it was well."""
        state, now = self._topic(topic), self._clock()
        if state.well is False:
            if once or now - state.told < self._repeat:
                return
        elif state.changes.wait(now) > 0:
            return
        else:
            state.changes.take()
        state.well, state.told = False, now
        self._tell(text)

    def good(self, topic: str, text: str = "") -> None:
        """Tell that something is well (again); without a text, only take note of it."""
        state = self._topic(topic)
        was, state.well = state.well, True
        if text and not was:
            self._tell(text)

    def _topic(self, topic: str) -> _Topic:
        return self._topics.setdefault(topic, _Topic(Bucket(_BURST, self._repeat)))

    def _tell(self, text: str) -> None:
        safe = mask(text)
        if self._secret:  # also one that is too short for `mask`
            safe = safe.replace(self._secret, "***")
        self._told(one_line(safe, 400))
