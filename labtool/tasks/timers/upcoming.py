"""The next runs of a lab's timers."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One run to come (`at` in UTC)."""

    at: datetime
    name: str
    timer: Timer


def upcoming(
    timers: Mapping[str, Timer], zone: ZoneInfo, now: datetime, count: int
) -> list[Upcoming]:
    """The first `count` runs after `now`, earliest first."""
    queue = [(timer.when.next_after(now, zone), name) for name, timer in timers.items()]
    heapq.heapify(queue)
    found: list[Upcoming] = []
    while queue and len(found) < count:
        at, name = heapq.heappop(queue)
        found.append(Upcoming(at, name, timers[name]))
        heapq.heappush(queue, (timers[name].when.next_after(at, zone), name))
    return found
