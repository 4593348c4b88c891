"""Which addresses a URL from a chat may lead to: none inside the machine or its network."""

import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Where an IPv4 address stands inside an IPv6 one (RFC 6052, RFC 3056), and in which bits.
_NAT64 = ip_network("64:ff9b::/96")
# What older systems still route: site-local addresses, and IPv4 ones written as IPv6 (RFC 3879,
# RFC 4291, 2.5.5.1). To the library they are global.
_OLD = (ip_network("fec0::/10"), ip_network("::/96"))


class ForbiddenAddressError(ValueError):
    """The host is, or resolves to, an address that must not be asked."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses hosts with an address that is not public, but for those in `allow`."""

    allow: Collection[str]

    def check_host(self, host: str, port: int) -> None:
        """Before connecting. Raises ForbiddenAddressError, and OSError when it is not known."""
        if host.strip("[]").casefold() in {name.casefold() for name in self.allow}:
            return
        for *_, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            self._check(str(address[0]), host)

    def check_peer(self, peer: str, host: str) -> None:
        """After connecting, as a name may resolve to something else each time."""
        if host.strip("[]").casefold() not in {name.casefold() for name in self.allow}:
            self._check(peer, host)

    def _check(self, address: str, host: str) -> None:
        if not is_public(address.partition("%")[0]):
            raise ForbiddenAddressError(f"{host} is a private or loopback address")


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet."""
    written = ip_address(text)
    if any(written in network for network in _OLD):
        return False
    address = _inner(written)
    return address.is_global and not address.is_multicast


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
