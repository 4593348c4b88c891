"""Bytes from a server as lines, and lines as what they say.

The library's own parser raises on what servers may send (QUIT without a reason, a PRIVMSG
without a text) and unquotes text into line breaks, so lines are read here.
"""

import re
from dataclasses import dataclass, field

# The longest line with tags is 8191 + 512 bytes; nothing honest is longer than this.
_LONGEST = 16_384
_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One message: `nick` and `host` (`user@host`, empty for a server) said `command` (upper
    case) with `args`."""

    command: str
    args: tuple[str, ...] = ()
    nick: str = ""
    host: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def arg(self, at: int) -> str:
        """The argument at this place (negative: from the end), empty where there is none."""
        return self.args[at] if -len(self.args) <= at < len(self.args) else ""


def parse(text: str) -> Line | None:
    """What a line says; None for one that has no command."""
    tags: dict[str, str] = {}
    rest = text.strip("\r\n").lstrip(" ")
    if rest.startswith("@"):
        head, _, rest = rest[1:].partition(" ")
        tags = _tags(head)
        rest = rest.lstrip(" ")
    source = ""
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    middle, colon, trailing = f" {rest}".partition(" :")
    args = [word for word in middle.split(" ") if word]
    if not args:
        return None
    command = args.pop(0).upper()
    if colon:
        args.append(trailing)
    nick, _, host = source.partition("!")
    return Line(command, tuple(args), nick, host, tags)


def _tags(head: str) -> dict[str, str]:
    tags = {}
    for tag in head.split(";"):
        key, _, value = tag.partition("=")
        tags[key] = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)
    tags.pop("", None)
    return tags


class Buffer:
    """Bytes in, whole lines out. Bytes that are not UTF-8 become U+FFFD, and a line that
    never ends is left out rather than kept."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends."""
        *whole, rest = (self._rest + data).split(b"\n")
        if whole and self._skipping:
            del whole[0]
            self._skipping = False
        if len(rest) > _LONGEST or self._skipping:
            rest, self._skipping = b"", True
        self._rest = rest
        return [line.decode("utf-8", "replace") for line in whole if len(line) <= _LONGEST]
