"""Whether a server speaks TLS on a port, for configs that do not say."""

import socket
import ssl
from dataclasses import replace

from labtool.core.errors import Failed, Temporary
from labtool.services.irc.settings import Settings

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_TLS_RECORDS = (b"\x15", b"\x16")  # an alert, a handshake (RFC 8446, 5.1)


def speaks_tls(server: str, port: int, seconds: float = 3.0) -> bool | None:
    """Whether it answers a greeting of TLS with TLS (True), or a line of IRC with text (False);
    None where it does neither in time, or cannot be reached. No certificate is judged."""
    # Text first: a server without TLS waits for more of what it takes for a long line.
    said = _speaks_text(server, port, seconds)
    return _greets(server, port, seconds) if said is None else said


def _speaks_text(server: str, port: int, seconds: float) -> bool | None:
    """As `speaks_tls`, from the first byte after what makes every server say something."""
    try:
        with socket.create_connection((server, port), timeout=seconds) as sock:
            sock.sendall(b"CAP LS 302\r\nQUIT\r\n")
            first = sock.recv(1)
    except OSError:
        return None
    if first in _TLS_RECORDS:
        return True
    return False if first.isascii() and first.decode().isprintable() and first else None


def _greets(server: str, port: int, seconds: float) -> bool | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((server, port), timeout=seconds) as sock,
            context.wrap_socket(sock, server_hostname=server),
        ):
            return True
    except ssl.SSLError as error:
        # An alert of TLS is TLS; a connection that closes says nothing.
        return True if "ALERT" in (error.reason or "") else None
    except (OSError, ValueError):
        return None


def as_found(settings: Settings, tls: bool | None) -> tuple[Settings, str]:
    """Settings that do not say whether there is TLS, once that was tried; with what is worth
    telling. TLS is assumed where nobody knows. A password is sent without it only to this very
    machine, as whoever is in between may have taken it away."""
    if tls is not False:
        return replace(settings, tls=True), ""
    plain = replace(settings, tls=False)
    if not settings.password or settings.server in _THIS_MACHINE:
        return plain, ""
    return replace(plain, password="", login="none"), (
        f"{settings.server}:{settings.port} does not speak TLS, so the password is not sent;"
        " to send it all the same, write ptg: {tls: false, ...} in labtool.yaml"
    )


def prove(settings: Settings, seconds: float = 10.0) -> str:
    """That the server answers, with a certificate that is trusted if it is to have one: one
    connection, and nothing said. Raises Temporary where it cannot be reached, else Failed."""
    where = f"{settings.server}:{settings.port}"
    try:
        with socket.create_connection((settings.server, settings.port), timeout=seconds) as sock:
            if settings.tls:
                context = ssl.create_default_context(cafile=settings.ca_file)
                with context.wrap_socket(sock, server_hostname=settings.server):
                    return f"{where} answers, with TLS"
            return f"{where} answers, without TLS"
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        fix = "check ptg.server, ptg.port, ptg.tls and ptg.ca_file"
        raise Failed(f"TLS fails ({reason})", where=where, fix=fix, code="irc_tls") from error
    except OSError as error:
        what = f"cannot be reached ({error.strerror or type(error).__name__})"
        raise Temporary(what, where=where, code="irc") from error
