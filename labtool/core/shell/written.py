"""Which files a template's commands write, as far as their names can be known. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from labtool.core.shell.tables import ANY, NOWHERE, TEXTS, WRITING
from labtool.core.shell.words import ASSIGNMENT, Command, Word

# Options after which a program is told where to write, and the same in one word.
_TO = re.compile(r"-\w*[oO]|--out[\w-]*|--dest[\w-]*")
_INTO = re.compile(r"(of=|-[oO](?=.)|--out[\w-]*=|--dest[\w-]*=)")
# Where the texts of sed and awk say it.
_IN_TEXT = re.compile(r"\bw\s*([^\s;}'\"]+)|>\s*\"([^\"]+)\"")


def files(commands: Sequence[Command]) -> set[str]:
    """The last parts of their names; ANY and how it ends, where no more is known."""
    found = set[str]()
    for command in commands:
        for operator, word in command.redirections:
            reads = operator in ("<", "<<", "<<-", "<<<") or operator.endswith("&")
            if not reads and not (word.fixed and word.literal in NOWHERE):
                found |= _named(word, commands)
        names = {word.name for word in command.words}
        if names & WRITING:
            # In a folder it has the name that it had.
            given = (word for word in command.words[1:] if word.literal[:1] != "-")
            for word in given:
                if not word.tail.endswith("/"):
                    found |= _named(word, commands)
        for word in _told_to(command.words):
            found |= _named(word, commands)
        if names & set(TEXTS):
            texts = (_IN_TEXT.finditer(word.literal) for word in command.words)
            found |= {_end(one[1] or one[2]) for text in texts for one in text}
    return found


def _told_to(words: Sequence[Word]) -> Iterator[Word]:
    """The words of a command that say where a program of any kind writes."""
    for before, word in pairwise(words):
        into = _INTO.match(word.start)
        if into or (before.fixed and _TO.fullmatch(before.literal)):
            yield word


def _named(word: Word, commands: Sequence[Command]) -> set[str]:
    """What a file may be called that a word names."""
    if len(word.variables) == 1 and not (word.literal or word.parameters or word.inner):
        found = [one for command in commands for one in sets(command) if one[0] in word.variables]
        # A file of mktemp is run by nobody who does not say so by a variable.
        given = [one for _, words in found for one in words if not _is_temporary(one)]
        known = found and all(words for _, words in found) and not word.edited
        if known and all(one.fixed and "+=" not in one.head for one in given):
            return {_end(text) for one in given for text in (one.literal, _value(one))}
    name = _end(_INTO.sub("", word.tail) if word.fixed else word.tail)
    return {name if name and (word.fixed or "/" in word.tail) else f"{ANY}{name}"}


def sets(command: Command) -> list[tuple[str, list[Word]]]:
    """The variables that a command sets, and from which words; none: from what comes in."""
    found = [(name, [word]) for name, word in command.assigned]
    names = [word.name for word in command.words]
    if not {"export", "readonly"}.isdisjoint(names):
        given = ((ASSIGNMENT.match(word.head), word) for word in command.words)
        found += [(name[1], [word]) for name, word in given if name]
    if "cd" in names:
        found += [(name, command.words) for name in ("PWD", "OLDPWD")]
    if "read" in names:
        found += [(name, []) for name in (*names, "REPLY") if name.isidentifier()]
    return found


def _is_temporary(word: Word) -> bool:
    """Whether it is `$(mktemp)` and no more."""
    one = word.inner[0] if len(word.inner) == 1 else None
    alone = not (_value(word) or word.variables or word.parameters)
    return bool(one and alone and one.words and one.words[0].name == "mktemp")


def _value(word: Word) -> str:
    """What a word that sets a variable sets it to."""
    return ASSIGNMENT.sub("", word.literal, count=1)


def _end(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
