"""What is worth knowing about the connection, in plain sentences, once and without secrets."""

from collections.abc import Callable

from labtool.core.masking import mask
from labtool.core.text import one_line


class Telling:
    """Passes sentences on to `told`. Bad news about a topic is told when it is new, and again
    only after `repeat` seconds; good news only to end bad news that was told, or first."""

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
        self._bad: dict[str, float] = {}
        self._last: dict[str, bool] = {}

    def bad(self, topic: str, text: str, *, once: bool = False) -> None:
        """Tell that something is wrong; with `once`, not again until it was well."""
        now = self._clock()
        if topic in self._bad and (once or now - self._bad[topic] < self._repeat):
            return
        self._bad[topic] = now
        self._last[topic] = False
        self._tell(text)

    def good(self, topic: str, text: str = "") -> None:
        """Tell that something is well (again); without a text, only take note of it."""
        was = self._last.get(topic)
        self._last[topic] = True
        if text and was is not True:
            self._tell(text)

    def over(self, topic: str) -> None:
        """The next bad news of the topic is new, whenever it comes."""
        self._bad.pop(topic, None)
        self._last.pop(topic, None)

    def _tell(self, text: str) -> None:
        safe = mask(text)
        if self._secret:  # also one that is too short for `mask`
            safe = safe.replace(self._secret, "***")
        self._told(one_line(safe, 400))
