"""The brake on guesses of the password: each wrong one costs time, and while too many wrong
ones are waited for nobody's is judged, as a right one would tell itself apart.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

# Wrong ones that are waited for at once: of each client, and of all of them.
_EACH, _ALL = 3, 20
# Seconds that a wrong one costs: twice as much after each few of a client's, to a limit that
# does not keep out whoever sits behind the same address for long.
_PENALTY, _MOST, _FEW = 0.5, 8.0, 5
# How long wrong ones are held against a client, and that it knew the right one in its favour.
_FORGET, _KNOWN = 600.0, 86400.0
# Clients that are remembered.
_CLIENTS = 10_000


@dataclass(slots=True)
class _Client:
    wrong: int = 0
    last: float = 0.0
    right: float = -_KNOWN


class Brake:
    """Clients by address; of IPv6 by network, as each has many addresses."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._waiting: Counter[str] = Counter()

    def holds(self, address: str) -> bool:
        """Whether a client's password is not judged now. Those who knew the right one lately
        are not kept out by what others try."""
        key = _key(address)
        if self._waiting[key] >= _EACH:
            return True
        known = self._clients.get(key)
        trusted = known is not None and self._clock() - known.right < _KNOWN
        return not trusted and self._waiting.total() >= _ALL

    def right(self, address: str) -> None:
        """A client knew it."""
        client = self._client(address)
        client.right, client.wrong = self._clock(), 0

    @contextmanager
    def wrong(self, address: str) -> Iterator[float]:
        """A client did not: the seconds that it is to wait inside."""
        key, client = _key(address), self._client(address)
        if self._clock() - client.last > _FORGET:
            client.wrong = 0
        client.last = self._clock()
        penalty = min(_MOST, _PENALTY * 2 ** (client.wrong // _FEW))
        client.wrong += 1
        self._waiting[key] += 1
        try:
            yield penalty
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    def _client(self, address: str) -> _Client:
        key = _key(address)
        client = self._clients.setdefault(key, _Client())
        self._clients.move_to_end(key)
        if len(self._clients) > _CLIENTS:
            self._clients.popitem(last=False)
        return client


def _key(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address[:50]
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), 64), strict=False))
    return str(found)
