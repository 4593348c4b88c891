"""A board's document from a server that somebody in a channel named."""

from collections.abc import Collection
from typing import Any

from labtool.core.errors import Failed, LabtoolError
from labtool.services import http
from labtool.services.addresses import Guard
from labtool.tasks.ptg import shape

_SECONDS = 20.0
_LARGEST = 8 * 1024 * 1024


def fetch(url: str, allow: Collection[str]) -> dict[str, Any] | LabtoolError:
    """The document at a URL, or why there is none. `allow` are the hosts that may be asked
    although they are private or loopback."""
    try:
        page = http.get(url, _SECONDS, _LARGEST, Guard(allow))
        document = shape.parse(page.body, http.shown(url))
        if not document:
            return Failed("is an empty object", where=http.shown(url), code="board_empty")
    except LabtoolError as error:
        return error
    return document
