"""Text from people is data: for the terminal, and for the channels a message goes to.

A message's text is neutral: what people wrote stands in it literally, and the few things
that a channel renders in its own way (a mention, a link) stand as tokens between
characters of Unicode's private use area, which are removed from everything people wrote.
Each channel turns tokens into its own markup and escapes the rest.
"""

import re
import unicodedata
from collections.abc import Callable

_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_TOKEN = re.compile(
    f"{_OPEN}([a-z]+){_MIDDLE}([^{_OPEN}{_MIDDLE}{_CLOSE}]*){_MIDDLE}([^{_OPEN}{_MIDDLE}{_CLOSE}]*){_CLOSE}"
)
_TOKEN_CHARACTERS = str.maketrans("", "", _OPEN + _MIDDLE + _CLOSE)


def clean(text: str) -> str:
    """Text from outside without control, bidirectional-override and token characters.

    Tabs and line breaks stay; what a terminal would act on does not.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c
        for c in text.translate(_TOKEN_CHARACTERS)
        if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs", "Co") and c not in _BIDI)
    )


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str, limit: int = 300) -> str:
    """Cleaned text on one line, cut at `limit` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def counted(number: int, one: str, many: str = "") -> str:
    """So many of something: `1 duty`, `2 rules`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def natural(word: str) -> int:
    """A number from 1, of at most 18 digits, as people write it; 0 where it is none."""
    whole = word.isascii() and word.isdecimal() and len(word.lstrip("0")) <= 18
    return int(word) if whole and len(word) < 100 else 0


def tally(number: int, name: str) -> str:
    """A count by its name, which is in the plural where it is a noun: `1 change`, `2 changes`, `1
    table restored`, `1 sent`."""
    first, space, rest = name.partition(" ")
    return f"{number} {first.removesuffix('s') if number == 1 else first}{space}{rest}"


def mention(person: str, name: str) -> str:
    """A token that a channel renders as a mention of `person` (their key)."""
    return f"{_OPEN}mention{_MIDDLE}{clean(person)}{_MIDDLE}{clean(name)}{_CLOSE}"


def link(url: str, title: str = "") -> str:
    """A token that a channel renders as a link."""
    return f"{_OPEN}link{_MIDDLE}{clean(url)}{_MIDDLE}{clean(title)}{_CLOSE}"


def render(
    text: str,
    *,
    escape: Callable[[str], str] = str,
    mention: Callable[[str, str], str] = lambda person, name: name,
    link: Callable[[str, str], str] = lambda url, title: f"{title} <{url}>" if title else url,
) -> str:
    """Neutral text as one channel writes it: `escape` for what is literal, and one
    function for each token. The functions get the raw values and escape them themselves.
    """
    writers = {"mention": mention, "link": link}
    out: list[str] = []
    at = 0
    for found in _TOKEN.finditer(text):
        out.append(escape(text[at : found.start()]))
        kind, value, label = found.groups()
        writer = writers.get(kind)
        out.append(writer(value, label) if writer else escape(label))
        at = found.end()
    out.append(escape(text[at:]))
    return "".join(out)


def plain(text: str) -> str:
    """Neutral text for reading: names for mentions, `title <url>` for links."""
    return render(text)
