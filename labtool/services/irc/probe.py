"""Whether a server speaks TLS on a port, for configs that do not say."""

import socket
import ssl

from labtool.core.errors import Failed, Temporary
from labtool.services.irc.settings import Settings


def speaks_tls(server: str, port: int, seconds: float = 3.0) -> bool | None:
    """False where it answers a greeting of TLS with something else; None where it cannot be
    reached. Nothing is sent but the greeting, and no certificate is judged."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((server, port), timeout=seconds) as sock:
            try:
                with context.wrap_socket(sock, server_hostname=server):
                    return True
            except ssl.SSLError as error:
                # An alert of TLS is TLS; what is none is text, or a closed connection.
                return "ALERT" in (error.reason or "")
            except OSError:
                return False
    except OSError:
        return None


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
