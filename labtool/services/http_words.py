"""Why a transfer failed, in words: the libraries' own names for it are no help to a reader."""

import re
from collections.abc import Iterator

# By the name of an exception's class, the innermost first.
_WORDS = {
    "NameResolutionError": "there is no host of that name, or the network is down",
    "gaierror": "there is no host of that name, or the network is down",
    "ConnectTimeoutError": "no connection in time",
    "ConnectTimeout": "no connection in time",
    "ReadTimeoutError": "no answer in time",
    "ReadTimeout": "no answer in time",
    "TimeoutError": "no answer in time",
    "RemoteDisconnected": "it closed the connection without an answer",
    "ConnectionClosedError": "it closed the connection without an answer",
    "IncompleteRead": "its answer broke off",
    "InvalidChunkLength": "its answer broke off",
    "ResponseNotChunked": "its answer broke off",
    "DecodeError": "its answer was garbled on the way",
    "ContentDecodingError": "its answer was garbled on the way",
    "BadStatusLine": "it does not speak HTTP",
    "UnknownProtocol": "it does not speak HTTP",
    "LineTooLong": "it does not speak HTTP",
    "HeaderParsingError": "it does not speak HTTP",
    "LocationParseError": "it names an address that is none",
    "ProxyError": "the proxy does not let us through",
    "ProxyConnectionError": "the proxy does not let us through",
    "ProxySchemeUnknown": "the proxy's address is wrong",
    "InvalidProxyURL": "the proxy's address is wrong",
    "SSLError": "no secure connection",
    "EndpointConnectionError": "no connection",
    "NewConnectionError": "no connection",
}
_DEPTH = 8
_TOO_SLOW = re.compile(r"[\d.]+ s")


def why(error: BaseException) -> str:
    """The innermost reason that there are words for."""
    said = "the connection failed"
    for inner in _inside(error):
        strerror = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None)
        if type(inner).__name__ == "TooSlowError" or _TOO_SLOW.fullmatch(str(inner)):
            return str(inner)
        words = None if hasattr(inner, "verify_message") else _WORDS.get(type(inner).__name__)
        if words:
            said = words
        elif isinstance(strerror, str) and strerror:
            said = strerror[:1].lower() + strerror[1:]
    return said


def _inside(error: BaseException) -> Iterator[BaseException]:
    """An exception, and what it says it comes from, outermost first."""
    seen: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and len(seen) < _DEPTH and inner not in seen:
        seen.append(inner)
        yield inner
        args = [one for one in inner.args if isinstance(one, BaseException)]
        reason = getattr(inner, "reason", None)
        found = reason if isinstance(reason, BaseException) else args[-1] if args else None
        inner = found or inner.__cause__ or inner.__context__
