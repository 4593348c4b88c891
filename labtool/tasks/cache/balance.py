"""Load balancers without a healthy host: who is told of what, and when. Pure.

One is `down` when two refreshes in a row met it with hosts of which none is healthy; one that
never had a healthy host is being set up, and is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from labtool.core.clock import from_iso, iso
from labtool.tasks.cache.sources._base import Alarm

_READINGS = 2
# How long after its end an alarm's end is still told, should a run have been killed.
_TOLD_FOR = timedelta(days=1)

State = Mapping[str, Any]
NEW: State = {"seen_healthy": False, "down_since": None, "readings": 0, "was_down": None}


def judged(before: State, hosts: int, healthy: int, now: datetime) -> dict[str, Any]:
    """The state of a balancer after one more look."""
    if healthy:
        was_down = before["was_down"]
        if before["readings"] >= _READINGS:
            was_down = {"since": before["down_since"], "until": iso(now)}
        return {**NEW, "seen_healthy": True, "was_down": was_down}
    if not hosts or not before["seen_healthy"]:
        return {**NEW, "seen_healthy": before["seen_healthy"], "was_down": before["was_down"]}
    since = before["down_since"] or iso(now)
    return {**before, "down_since": since, "readings": before["readings"] + 1}


def alarms(
    source: str, duty: str, balancers: Sequence[Mapping[str, Any]], now: datetime
) -> Iterator[Alarm]:
    """What is to be told, with keys that are the same until it has changed."""
    for one in balancers:
        name, was = one["name"], one["was_down"]
        if one["readings"] >= _READINGS:
            text = f"The load balancer {name} has no healthy host: {one['hosts']} are behind it."
            yield Alarm(_key(source, name, one["down_since"]), duty, text, "danger")
        elif was and now - from_iso(was["until"]) < _TOLD_FOR:
            down = _key(source, name, was["since"])
            text = f"The load balancer {name} has {one['healthy']} healthy hosts again."
            yield Alarm(f"{down}:over", duty, text, "good", after=down)


def _key(source: str, name: str, since: str) -> str:
    return f"balancer:{source}:{name}:{since}"
