"""What waits, to the server: in order, once each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import labtool
from labtool.core.clock import iso
from labtool.core.errors import Failed, OutOfStep
from labtool.tasks.instruments.watch.store import Store, Waiting

_AT_ONCE = 500


class Server(Protocol):
    """The other end."""

    def send(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST it; the answer."""


def send(store: Store, server: Server, go_on: Callable[[], bool] = lambda: True) -> int:
    """Send what waits, as long as there is some and `go_on` holds; how many changes the
    server has confirmed. Raises what `server` raises; nothing is lost then."""
    done = 0
    while go_on():
        waiting = store.waiting(_AT_ONCE)
        if not waiting:
            break
        last = _confirmed(store.epoch, waiting, server)
        store.confirmed(last)
        done += min(last, waiting[-1].seq) - waiting[0].seq + 1
    return done


def _confirmed(epoch: str, waiting: Sequence[Waiting], server: Server) -> int:
    """Send some; the number up to which the server has all."""
    changes = [{"seq": each.seq, **each.change} for each in waiting]
    body = {"epoch": epoch, "changes": changes}
    try:
        last = server.send("events", body).get("last")
    except OutOfStep as error:
        if error.expected > waiting[0].seq:
            return error.expected - 1
        # The server has lost what it once confirmed: it was restored from a backup.
        last = server.send("events", {**body, "lost": True}).get("last")
    if not isinstance(last, int) or last < waiting[0].seq:
        raise Failed("the server confirms what it was not sent", fix="is it labtool's?")
    return last


def heartbeat(
    store: Store, log: dict[str, str], state: dict[str, Any], now: datetime, every: float
) -> dict[str, Any]:
    """A sign of life: how reading the log goes (`log`: `ok`, or `unreadable` and `why`), and the
    state, also where changes cannot go out. The next comes within `every` seconds; 0: unknown."""
    count, seq = store.beat()
    return {
        "epoch": store.epoch,
        "count": count,
        "seq": seq,
        "at": iso(now),
        "every": every,
        "version": labtool.__version__,
        "waiting": store.count(),
        "log": log,
        "state": state,
    }
