"""What stands in for the vendor of each kind of source: one file a kind, found by its name."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, Self

from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.http import HttpServer


class Stand(Protocol):
    """A kind's vendor, and what its answers ought to become. It begins in its good world."""

    kind: str
    proxy: HttpServer  # all requests pass here
    odd: list[Fault]  # answers in the vendor's shapes, with fields missing or null

    def start(self) -> Self:
        """Listen."""

    def stop(self) -> None:
        """End."""

    def reset(self) -> None:
        """The good world again; requests and faults are forgotten."""

    def config(self, folder: Path) -> dict[str, Any]:
        """`{"cache": {"source": {...}}}` and the other sections that it needs."""

    def env(self) -> dict[str, str]:
        """The secrets that those sections name."""

    def empty(self) -> None:
        """An account with nothing in it."""

    def many(self) -> int:
        """More than two pages of the main thing; how many of it."""

    def good(self, data: Any) -> None:
        """Holds if this is the data of the good world."""

    def bare(self, data: Any) -> None:
        """Holds if this is the data of the empty one."""

    def count(self, data: Any) -> int:
        """How many of the main thing are in it."""

    def refused(self) -> Fault:
        """The vendor's answer to credentials that were revoked."""

    def forbidden(self) -> Fault | None:
        """The vendor's answer where a permission is missing; None where there are none."""

    def limited(self, seconds: int) -> Fault:
        """The vendor's answer to who asks too often."""


def kinds() -> list[str]:
    """The kinds that have a stand."""
    here = Path(__file__).parent
    return sorted(p.stem.replace("_", "-") for p in here.glob("[a-z]*.py"))


def stand(kind: str) -> Stand:
    """A kind's stand, not started."""
    module = import_module(f"tests.tasks.cache.stands.{kind.replace('-', '_')}")
    made: Stand = module.Stand()
    return made


# Those that a vendor answers.
VENDORS = ("aws", "github", "slack", "slack-presence", "dropbox", "analytics", "sheets", "calendar")


def together() -> dict[str, Stand]:
    """The stands of all vendors' kinds, for one config; not started."""
    from tests.tasks.cache.stands import slack, slack_presence

    workspace = slack.Stand()
    beside = slack_presence.Stand(workspace)
    own = {"slack": workspace, "slack-presence": beside}
    return {kind: own[kind] if kind in own else stand(kind) for kind in VENDORS}


def configured(lab: Lab, stands: dict[str, Stand], timeout: str) -> None:
    """A lab with a source of each kind, called as its kind."""
    config: dict[str, Any] = {"cache": {}}
    for kind, one in stands.items():
        sections = one.config(lab.folder)
        lab.secrets(**one.env())
        config["cache"][kind] = {**sections.pop("cache")["source"], "timeout": timeout}
        for name, section in sections.items():
            config[name] = {**config.get(name, {}), **section}
    lab.configure(config)
