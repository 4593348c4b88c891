"""Text as lines of IRC: readable when it comes in, harmless and short enough to go out."""

import re
import unicodedata

from labtool.core.text import clean

# As relayed: `:nick!user@host PRIVMSG target :text\r\n`, in bytes.
_MOST = 512
_UNKNOWN_PREFIX = 100
_LEAST_ROOM = 40
_FORMATTING = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
)
_JOINER = "\u200d"


def readable(text: str) -> str:
    """What somebody said without colours and control characters, on one line."""
    return clean(_FORMATTING.sub("", text)).replace("\t", " ").strip()


def addressable(target: str) -> bool:
    """Whether it can be the one target of a message: one nick or one channel."""
    return (
        0 < len(target) <= 200
        and target.isprintable()
        and not target.startswith((":", "$"))
        and not any(c in " ,!*?\u00a0" for c in target)
    )


def room(prefix: int, target: str) -> int:
    """How many bytes of text fit into one message to `target`, where our own
    `nick!user@host` is `prefix` bytes long (0: not known yet)."""
    used = len(f":{'x' * (prefix or _UNKNOWN_PREFIX)} PRIVMSG  :\r\n") + len(target.encode())
    return max(_LEAST_ROOM, _MOST - used)


def split(text: str, limit: int) -> list[str]:
    """The text as lines of at most `limit` bytes of UTF-8 (at least 4), cut between words
    where there are any, never within a character. Line breaks end lines; empty lines and
    what is not text are left out."""
    broken = text.replace("\r\n", "\n").replace("\r", "\n")
    lines: list[str] = []
    for line in clean(broken).replace("\t", " ").splitlines():
        rest = line.strip()
        while rest:
            end = _end(rest, limit)
            piece, rest = rest[:end].rstrip(), rest[end:].lstrip()
            if piece:
                lines.append(piece)
    return lines


def _end(text: str, limit: int) -> int:
    """Where the first line of a text ends."""
    fits = _fitting(text, limit)
    if fits == len(text):
        return fits
    space = text.rfind(" ", 1, fits + 1)
    if space > 0:
        return space
    end = fits
    while end > 1 and _clings(text, end):
        end -= 1
    # A cluster that fills a line by itself must be cut somewhere.
    return end if end > 1 or not _clings(text, 1) else fits


def _fitting(text: str, limit: int) -> int:
    """How many characters fit into `limit` bytes; at least one."""
    size = 0
    for at, character in enumerate(text[: limit + 1]):
        size += len(character.encode())
        if size > limit:
            return max(at, 1)
    return len(text)


def _clings(text: str, at: int) -> bool:
    """Whether the character at `at` is drawn as one with the character before it."""
    character = text[at]
    return (
        unicodedata.category(character).startswith("M")
        or character == _JOINER
        or text[at - 1] == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
