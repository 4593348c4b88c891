"""Refuses every network address that is not loopback, in each process that imports it.

Python imports a module of this name at its start, so a folder on PYTHONPATH is all that a
process under test needs. Unix sockets stay allowed, and so does binding.
"""

import errno
import ipaddress
import socket
from typing import Any

REFUSED = "the tests reach no network: {} is not loopback"


def is_loopback(host: Any) -> bool:
    """Whether a host name or address never leaves this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not host or host == "localhost":  # nothing given means loopback, or a passive lookup
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return
    if not address[0] or not is_loopback(address[0]):
        raise OSError(errno.ENETUNREACH, REFUSED.format(address[0]))


def _guard_method(name: str, position: int) -> None:
    """Check the address that a method of `socket.socket` takes as an argument: the one at
    `position` from the left, or, where that is negative, from the right."""
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, *args: Any) -> Any:
        if args and (position < 0 or len(args) > position):
            _check(self, args[position])
        return original(self, *args)

    setattr(socket.socket, name, guarded)


def _guard_lookup(name: str) -> None:
    original = getattr(socket, name)

    def guarded(host: Any, *args: Any, **options: Any) -> Any:
        if not is_loopback(host):
            raise socket.gaierror(socket.EAI_FAIL, REFUSED.format(host))
        return original(host, *args, **options)

    setattr(socket, name, guarded)


if not getattr(socket, "loopback_only", False):
    setattr(socket, "loopback_only", True)  # noqa: B010 - a mark that mypy need not know
    for method, where in (("connect", 0), ("connect_ex", 0), ("sendto", -1), ("sendmsg", 3)):
        _guard_method(method, where)
    for lookup in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        _guard_lookup(lookup)
