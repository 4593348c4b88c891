"""Secrets that were read, so that nothing we print or keep repeats them."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote

from labtool.core.text import one_line

# Shorter ones would be found in ordinary words, and a password that short is none.
_SHORTEST = 6
_LINE_BREAK = re.compile(r"\n|\\n")
_known: set[str] = set()


def conceal(secret: str, shortest: int = _SHORTEST) -> None:
    """From now on `mask` hides this text, each line of it, and how it looks in Base64 (alone, or
    inside something longer), in hexadecimal and in an address."""
    parts = (part.strip(' \t",') for part in _LINE_BREAK.split(secret))
    if len(secret) >= shortest:
        _known.update(_encoded(secret.encode("utf-8", "replace")))
        _known.add(quote(secret, safe=""))
    _known.update(part for part in (secret, *parts) if len(part) >= shortest)


def _encoded(raw: bytes) -> Iterator[str]:
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode()
    yield from (raw.hex(), raw.hex().upper())
    # Where it begins after one or two bytes of a group of three, the characters at both ends also
    # depend on what is around it.
    for before, first in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(b"\0" * before + raw).decode()
        inner = text[first : (before + len(raw)) * 8 // 6]
        if len(inner) >= _SHORTEST:
            yield inner


def retold(text: str, limit: int = 200) -> str:
    """What another program said, to be repeated on one line: masked before it is cut, as half
    a secret would not be found any more."""
    return one_line(mask(text), limit)


def mask(text: str) -> str:
    """The text with every secret that was concealed replaced by `***`."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def settled(text: str) -> int:
    """How many characters from its beginning can be masked by themselves, whatever comes after:
    all but what may be the beginning of a secret, and secrets that reach into that."""
    most = 0
    for secret in _known:
        # From the longest that would be news.
        for number in range(min(len(secret) - 1, len(text)), most, -1):
            if text.endswith(secret[:number]):
                most = number
                break
    cut, before = len(text) - most, -1
    while cut != before:
        before = cut
        for secret in _known:
            at = text.find(secret, max(0, cut - len(secret) + 1), cut + len(secret) - 1)
            if 0 <= at < cut:
                cut = at
    return cut
