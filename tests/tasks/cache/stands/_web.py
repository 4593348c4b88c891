"""What the stands of published files share."""

from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.faults import Fault
from tests.servers.web import Web


class WebStand:
    """A web server. A kind says what it publishes."""

    kind = ""
    odd: ClassVar[list[Fault]] = []

    def __init__(self) -> None:
        self.proxy = Web()

    def start(self) -> Self:
        self.proxy.start()
        return self

    def stop(self) -> None:
        self.proxy.stop()

    def reset(self) -> None:
        self.proxy.reset()
        self.publish(2)

    def empty(self) -> None:
        self.publish(0)

    def many(self) -> int:
        self.publish(300)
        return 300

    def publish(self, number: int) -> None:
        """So many of the main thing."""
        raise NotImplementedError

    def config(self, folder: Path) -> dict[str, Any]:
        raise NotImplementedError

    def env(self) -> dict[str, str]:
        return {}

    def refused(self) -> Fault:
        return Fault.status(401)

    def forbidden(self) -> Fault | None:
        return Fault.status(403)

    def limited(self, seconds: int) -> Fault:
        return Fault.status(429, retry_after=seconds)
