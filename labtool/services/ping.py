"""Telling a dead man's switch how a timer's run went: healthchecks.io, and what understands its
addresses (healthchecks.io/docs/http_api): the URL itself for success, /start and /fail after it.
"""

from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests

from labtool.core.errors import LabtoolError
from labtool.core.log import complain
from labtool.services import http

Event = Literal["start", "success", "fail"]
_SECONDS = 5.0
_LARGEST = 64 * 1024


def ping(url: str, event: Event) -> None:
    """Tell it. Who cannot be told is complained of, and holds up nothing for more than 5 s."""
    # Its path is who pings: whoever knows it can.
    where = http.shown(urljoin(url, "/"))
    try:
        with requests.Session() as session, http.explained(where):
            http.bounded(session, _SECONDS, _LARGEST)
            response = session.get(_address(url, event), headers={"User-Agent": "labtool"})
            http.check_status(response, where)
    except LabtoolError as error:
        complain(f"the ping of {event} failed: {error}")


def _address(url: str, event: Event) -> str:
    if event == "success":
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{event}"))
