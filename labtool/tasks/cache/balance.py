"""Load balancers without a healthy host: what is known of each between looks, and what a look
makes of it. Pure.

One is down when two looks in a row found no healthy host, and it has, or had, hosts: one that
never had any is being set up. What was told, and to whom, stays until it is over, however long
nobody may look, and whatever else is lost.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from labtool.core import shapes
from labtool.core.clock import iso

_LOOKS = 2

Kind = Literal["classic", "application"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a refresh saw of a balancer."""

    name: str
    kind: Kind
    hosts: int
    healthy: int


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a balancer: whether it ever had hosts, how many looks in a row found
    none of them healthy, `since` when (ISO 8601, UTC), and who was `told`."""

    had_hosts: bool = False
    looks: int = 0
    since: str = ""
    told: tuple[str, ...] = ()

    @property
    def is_down(self) -> bool:
        """Whether somebody should know."""
        return self.looks >= _LOOKS

    @classmethod
    def read(cls, text: str | None) -> "State":
        """What `write` wrote; nothing is known where that makes no sense."""
        try:
            found = shapes.mapping(json.loads(text or "{}"))
        except ValueError:
            return cls()
        told = tuple(one for one in shapes.listed(found.get("told")) if isinstance(one, str))
        since = shapes.instant(found.get("since")) or ""
        looks = (shapes.count(found.get("looks")) or 0) if since else 0
        return cls(found.get("had_hosts") is True, looks, since, told if since else ())

    def write(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))


def looked(state: State, look: Look | None, now: datetime) -> State:
    """The state after one more look; None where the balancer is not there any more."""
    if look is None:
        return State()
    had_hosts = state.had_hosts or look.hosts > 0
    if look.healthy or not had_hosts:
        return State(had_hosts)
    return replace(state, had_hosts=True, looks=state.looks + 1, since=state.since or iso(now))


def down_since(before: Any, look: Look, now: datetime) -> str | None:
    """Since when it has no healthy host, by the last answer, for who looks at the page."""
    known = _entry(before, look)
    if look.healthy or not (
        look.hosts or shapes.count(known.get("hosts")) or known.get("down_since")
    ):
        return None
    return shapes.instant(known.get("down_since")) or iso(now)


def _entry(before: Any, look: Look) -> Mapping[str, Any]:
    every: Iterable[dict[str, Any]] = shapes.objects(shapes.mapping(before).get("balancers"))
    found = (one for one in every if (one.get("name"), one.get("kind")) == (look.name, look.kind))
    return next(found, {})


def outage(look: Look) -> str:
    """What is said when it is down."""
    if not look.hosts:
        return f"The load balancer {look.name} has no host any more: none is behind it."
    behind = "1 is" if look.hosts == 1 else f"{look.hosts} are"
    return f"The load balancer {look.name} has no healthy host: {behind} behind it."


def end(name: str, look: Look | None) -> str:
    """What is said when that is over."""
    if look is None:
        return f"The load balancer {name}, which had no healthy host, is not there any more."
    hosts = "1 healthy host" if look.healthy == 1 else f"{look.healthy} healthy hosts"
    return f"The load balancer {name} has {hosts} again."
