"""What somebody says, held against the commands of the config: `deploy [site] now`. Pure.

The words of a command are found in any case and with any spaces between them; `[name]` stands for
one or more characters of any kind, and is taken as it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from labtool.core.config.patterns import Pattern

_PARAMETER = re.compile(r"\[([a-z_][a-z0-9_]*)\]", re.IGNORECASE)
_SPECIAL = re.compile(r"[^A-Za-z0-9_ ]")
# What people put between the words that matter.
AROUND = " ,:;!–—\n\t"  # noqa: RUF001  (people's dashes)
# Nobody says more at a time.
LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Phrase:
    """A command: the words, and the parameters among them in order."""

    text: str
    parameters: tuple[str, ...]
    _pattern: Pattern = field(compare=False, repr=False)

    @classmethod
    def of(cls, text: str) -> "Phrase":
        """From how a config writes it. Raises ValueError with what is wrong."""
        parameters = tuple(_PARAMETER.findall(text))
        if len(set(parameters)) != len(parameters):
            raise ValueError("names a parameter twice")
        rest = _PARAMETER.sub("", text)
        if "[" in rest or "]" in rest:
            raise ValueError("has a bracket that is no [parameter]")
        if not text.split():
            raise ValueError("has no words")
        if _PARAMETER.match(text.strip()):
            raise ValueError("begins with a parameter, so that it would match everything")
        return cls(" ".join(text.split()), parameters, Pattern(f"(?is){_expression(text)}"))

    def match(self, said: str) -> dict[str, str] | None:
        """The parameters in what was said; None where it is another command, or longer than
        anybody says."""
        said = said.strip()
        found = self._pattern.fullmatch(said) if len(said) <= LONGEST else None
        return dict(zip(self.parameters, found.groups(), strict=True)) if found else None


def _expression(text: str) -> str:
    parts = []
    for number, part in enumerate(_PARAMETER.split(" ".join(text.split()))):
        if number % 2:
            parts.append("(.+?)")
        else:
            escaped = _SPECIAL.sub(lambda found: f"\\x{{{ord(found[0]):x}}}", part)
            parts.append(escaped.replace(" ", r"\s+"))
    return "".join(parts)


def overlap(one: Phrase, other: Phrase) -> bool:
    """Whether there is something to be said that both match."""
    left, right = _units(one), _units(other)
    seen, waiting = set[tuple[int, int]](), [(0, 0)]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        if i == len(left) and j == len(right):
            return True
        if i == len(left) or j == len(right):
            continue
        a, b = left[i], right[j]
        # One character for both; a parameter may take more.
        if a == b or _ANY in (a, b):
            ends = [(i + x, j + y) for x in _steps(a) for y in _steps(b)]
            waiting += [end for end in ends if end != at]
    return False


_ANY = ""


def _steps(unit: str) -> tuple[int, ...]:
    return (0, 1) if unit == _ANY else (1,)


def _units(phrase: Phrase) -> list[str]:
    """Characters, and _ANY for each parameter."""
    found: list[str] = []
    for number, part in enumerate(_PARAMETER.split(phrase.text.casefold())):
        found += [_ANY] if number % 2 else list(part)
    return found


def tidy(said: str) -> str:
    """What was said, without what people write around it: spaces, and one full stop."""
    text = said.strip()
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip()
    return text


def nearest(said: str, commands: Iterable[str], number: int = 3) -> list[str]:
    """The commands that look most like what was said."""
    wanted = " ".join(said.casefold().split())[:200]
    return get_close_matches(wanted, list(commands), n=number, cutoff=0.45)


def hints(said: str, commands: Iterable[str], number: int = 3) -> list[str]:
    """The commands that may have been meant, each with its namespace: those that begin with the
    same words, with the namespace or without it; else those that look most like it."""
    known, words = list(commands), said.casefold().split()
    found = [text for text in known if _begins(text.casefold().partition("[")[0].split(), words)]
    return found[:number] or nearest(said, known, number)


def _begins(lead: list[str], words: list[str]) -> bool:
    """Whether what was said begins as a command does, or is its beginning."""
    for wanted, least in ((lead, 2), (lead[1:], 1)):
        same = min(len(wanted), len(words))
        if same >= least and wanted[:same] == words[:same]:
            return True
    return False
