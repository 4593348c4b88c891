"""What waits, to the server: in order, once each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import labtool
from labtool.core.clock import iso
from labtool.core.errors import Failed, LabtoolError, OutOfStep
from labtool.tasks.instruments.watch.store import Store, Waiting

_AT_ONCE = 500
# What a server says of a body that it will never take: too large, or not understood.
_NEVER = ("http_413", "http_422")


class Server(Protocol):
    """The other end."""

    def send(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST it; the answer."""


def send(store: Store, server: Server, go_on: Callable[[], bool] = lambda: True) -> int:
    """Send what waits, as long as there is some and `go_on` holds; how many changes the
    server has confirmed. A change that the server will never take is left out, and told once
    the others have gone. Raises what `server` raises; nothing is lost then."""
    done, at_once, renewed = 0, _AT_ONCE, False
    refused: LabtoolError | None = None
    while go_on():
        waiting = store.waiting(at_once + 1)
        if not waiting:
            break
        batch = waiting[:at_once]
        try:
            last = _confirmed(store.epoch, batch, server, more=len(waiting) > at_once)
        except OutOfStep:
            # It has other changes under these numbers: this file is an old copy, or was copied.
            if renewed:
                raise
            store.renew()
            renewed = True
            continue
        except Failed as error:
            if error.code not in _NEVER:
                raise
            if len(batch) > 1:
                at_once = (len(batch) + 1) // 2
                continue
            refused = refused or error
            last = batch[0].seq
        else:
            done += last - batch[0].seq + 1
            at_once = min(2 * at_once, _AT_ONCE)
        store.confirmed(last)
    if refused is not None:
        raise refused
    return done


def _confirmed(epoch: str, waiting: Sequence[Waiting], server: Server, *, more: bool) -> int:
    """Send some; the number up to which the server has all, of these. Raises OutOfStep where
    it knows others by their numbers."""
    changes = [{"seq": each.seq, **each.change} for each in waiting]
    body = {"epoch": epoch, "changes": changes, "more": more}
    first, newest = waiting[0].seq, waiting[-1].seq
    try:
        last = server.send("events", body).get("last")
    except OutOfStep as error:
        if error.expected < 1:
            raise
        if error.expected > first:
            return min(error.expected - 1, newest)
        # The server has lost what it once confirmed: it was restored from a backup.
        last = server.send("events", {**body, "lost": True}).get("last")
    if type(last) is not int or not first <= last < 2**53:
        raise Failed("the server confirms what it was not sent", fix="is it labtool's?")
    return min(last, newest)


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
