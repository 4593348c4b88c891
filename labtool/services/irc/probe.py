"""Whether a server speaks TLS on a port, for configs that do not say."""

import socket
import ssl


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
