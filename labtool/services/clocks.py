"""What time it is elsewhere: a time server (SNTP, RFC 4330), or the Date of any web server, which
has whole seconds (RFC 9110, section 6.6.1)."""

import socket
import struct
import time
from email.utils import parsedate_to_datetime

from labtool.core.errors import Temporary

_PORT = 123
# Seconds from 1900 to 1970.
_EPOCH = 2_208_988_800


def ahead_of_ntp(server: str, seconds: float = 2.0) -> float:
    """By how many seconds this machine's clock is ahead of a server's (HOST or HOST:PORT); negative
    where it is behind. Raises Temporary."""
    host, _, port = server.rpartition(":") if ":" in server else (server, "", str(_PORT))
    request = b"\x1b" + 47 * b"\0"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(seconds)
            sent = time.time()
            link.sendto(request, (host, int(port)))
            answer, _ = link.recvfrom(512)
            came = time.time()
    except (OSError, ValueError, UnicodeError) as error:
        raise Temporary(f"gives no time ({error})", where=server, code="ntp") from error
    if len(answer) < 48 or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15:
        raise Temporary("gives no time that holds", where=server, code="ntp")
    whole, part = struct.unpack("!II", answer[40:48])
    there: float = whole - _EPOCH + part / 2**32
    return (sent + came) / 2 - there


def ahead_of_web(address: str, seconds: float = 5.0) -> float:
    """By how many seconds this machine's clock is ahead of a web server's, to about one. Raises
    Temporary."""
    import requests

    try:
        sent = time.time()
        answer = requests.head(address, timeout=seconds, allow_redirects=False)
        came = time.time()
        there = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (requests.RequestException, OSError, KeyError, ValueError) as error:
        what = f"gives no time ({type(error).__name__})"
        raise Temporary(what, where=address, code="date") from error
    # Cut off, not rounded: it was half a second later there, on the whole.
    return (sent + came) / 2 - there - 0.5
