"""A line of chat -> what was asked of the board, if anything was.

In a channel a command starts with `+` (the prefix), `#` or `~`, or names the bot first; in
private the prefix may be left out. Ordinary talk that happens to start so is nobody's
command: it is answered only where a command was surely meant.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from labtool.core.text import clean

# What colours and styles look like on IRC (modern.ircdocs.horse/formatting).
_STYLES = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6})?|[\x00-\x08\x0b-\x1f\x7f]"
)
# Other bots' words: `#info now we vote` is for the one that keeps the minutes.
_MEETING_WORDS = frozenset(
    re.findall(
        r"\w+",
        "startmeeting endmeeting meetingtopic meetingname topic info action agreed agree link idea"
        " undo chair unchair vote startvote endvote showvote commands nick save lurk unlurk help"
        " accepted accept rejected reject todo fyi note",
    )
)
_WORD = re.compile(r"[a-z]{3,}")
# Talk is full of short words that are like a command: +that, +here.
_LONG_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: of which kind, the verb in lower case, the track's name as it was
    written (for moderators' commands), and the rest of the line."""

    kind: Literal["user", "track", "admin"]
    verb: str
    rest: str = ""
    track: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that mean something."""

    user: Collection[str]
    track: Collection[str]
    admin: Collection[str]
    prefix: str = "+"


def readable(text: str) -> str:
    """A line as it is read: without colours, control characters and doubled spaces."""
    return " ".join(clean(_STYLES.sub("", text)).split())


def parse(
    text: str,
    words: Vocabulary,
    tracks: Collection[str],
    *,
    private: bool,
    own_name: str = "",
    operator: bool = False,
) -> Asked | None:
    """What a line asks for; None for talk. `tracks` are the known ones, in lower case. What an
    `operator` begins with ~ and a word is meant."""
    line = readable(text)
    if not line:
        return None
    addressed = private
    if own_name and line[: len(own_name)].casefold() == own_name.casefold():
        rest = line[len(own_name) :]
        if rest[:1] in (":", ","):
            line, addressed = rest[1:].lstrip(), True
    prefixed = line.startswith(words.prefix)
    if prefixed:
        line = line[len(words.prefix) :].lstrip() if addressed else line[len(words.prefix) :]
    first, _, rest = line.partition(" ")
    if first[:1] == "#" and len(first) > 1:
        return _hashed(first[1:], rest.strip(), words, tracks, sure=addressed or prefixed)
    if first[:1] == "~":
        sure = private or (operator and bool(_WORD.fullmatch(first[1:].casefold())))
        return _verb("admin", first[1:], rest, words.admin, sure=sure)
    if prefixed or addressed:
        return _verb("user", first, rest, words.user, sure=addressed)
    return None


def _hashed(
    name: str, rest: str, words: Vocabulary, tracks: Collection[str], *, sure: bool
) -> Asked | None:
    if name.casefold() in words.user and name.casefold() not in tracks:
        return Asked("user", name.casefold(), rest)
    verb, _, rest = rest.partition(" ")
    verb, rest = verb.casefold(), rest.strip()
    if name.casefold() in tracks or sure:
        return Asked("track", verb, rest, name)
    if verb in words.track and name.casefold() not in _MEETING_WORDS:
        return Asked("track", verb, rest, name)
    return None


def _verb(
    kind: Literal["user", "admin"], word: str, rest: str, known: Collection[str], *, sure: bool
) -> Asked | None:
    """A verb that is known, or that somebody certainly or probably meant as one."""
    verb = word.casefold()
    meant = verb in known or sure or _misspelt(verb, known)
    return Asked(kind, verb, rest.strip()) if meant else None


def _misspelt(word: str, known: Collection[str]) -> bool:
    """Whether a word in the middle of talk is almost surely a known one."""
    if len(word) >= _LONG_ENOUGH:
        return bool(near(word, known, 0.85))
    return len(word) > 3 and any(sorted(word) == sorted(right) for right in known)


def near(word: str, known: Collection[str], likeness: float = 0.6) -> list[str]:
    """The known words that a word may be a misspelling of, from this likeness (0 to 1) on."""
    if not _WORD.fullmatch(word):
        return []
    return get_close_matches(word, sorted(known), n=2, cutoff=likeness)
