"""Whether nothing of what people say is interpreted by bash, or by a program that it runs. Pure.

A parameter arrives in a variable that only its own place in the template names, in quotes. From
there it may go into other variables, and into what programs print: what bash looks into once more
is refused for all of them alike, as nobody can tell what a file has that was written meanwhile.
"""

import re
from collections.abc import Iterable, Sequence

from labtool.core.shell.commands import Commands
from labtool.core.shell.programs import Programs
from labtool.core.shell.tables import ANY, EXPANDING, SAYING, SPECIAL, WRITING
from labtool.core.shell.words import ASSIGNMENT, Command, TemplateError, Text, Word

# What bash sets by itself from what commands are given.
_GIVEN = re.compile(r"[0-9@*_]|labtool_\w+")
# Words of a trap that are no code.
_SIGNAL = re.compile(r"[A-Z]*[0-9]*|-[lp]?|--|trap")


class _Template:
    """The commands of one, and which of its variables have something of what was said."""

    def __init__(self, commands: Sequence[Command], *, flows: bool) -> None:
        self._flows = flows
        # A variable may be set from anything (a file, a program), or from a parameter.
        self._loose, self._told = set[str](), set[str]()
        before = -1
        while before != len(self._loose) + len(self._told):
            before = len(self._loose) + len(self._told)
            for command in commands:
                for name, words in sets(command):
                    if not words or not all(map(self.constant, words)):
                        self._loose.add(name)
                    if not words or any(map(self.told, words)):
                        self._told.add(name)

    def constant(self, word: Word) -> bool:
        """Whether a word is the same whatever is said, written and printed."""
        loose = any(v in self._loose or _GIVEN.fullmatch(v) for v in word.variables)
        return not (word.parameters or word.inner or word.glob or loose)

    def told(self, word: Word) -> bool:
        """Whether a word has something of what was said."""
        return bool(word.parameters) or self._has(word.variables, word.inner)

    def divides(self, word: Word) -> bool:
        """Whether bash would divide what was said at spaces, and take it for patterns."""
        return self._has(word.split, word.split_inner)

    def _has(self, variables: Iterable[str], inner: Iterable[Command]) -> bool:
        if any(v in self._told or _GIVEN.fullmatch(v) for v in variables):
            return True
        return any(
            (self._flows and reads(one)) or any(map(self.told, one.all_words())) for one in inner
        )

    def hands_on(self, command: Command) -> bool:
        """Whether a command puts what was said into the environment of others."""
        names = {word.name for word in command.words}
        given = [word for _, word in command.assigned] if command.words else []
        if names & {"export", "env", "declare", "set"}:
            given += command.words
            if not self._told.isdisjoint(word.literal for word in command.words):
                return True
        return any(map(self.told, given))


def reads(command: Command) -> bool:
    """Whether what a command prints may be what somebody else has printed, or a file has."""
    if any(operator.startswith("<") for operator, _ in command.redirections):
        return True
    return bool(command.words) and command.words[0].name not in SAYING


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


def check(text: Text) -> None:
    """Read a template's text, and hold it against all that. Raises TemplateError."""
    commands = _read(text)
    # Where nothing is handed on by pipes and files, nobody reads what was said there.
    flows = any(sign in text.text for sign in "|>") or any(
        word.name in WRITING for command in commands for word in command.words
    )
    template = _Template(commands, flows=flows)
    names = {word.name for command in commands for word in command.words}
    if names & EXPANDING and any(map(template.hands_on, commands)):
        fix = 'a script in the workspace may get it as "$1"'
        raise TemplateError("make would interpret what a parameter says", fix)
    moved = any(
        command.words and command.words[0].name == "cd" and any(map(template.told, command.words))
        for command in commands
    )
    programs = Programs(template.constant, _written(commands), moved=moved)
    for command in commands:
        for name, words in sets(command):
            by_itself = name in ("PWD", "OLDPWD") and not command.assigned
            fine = words and all(map(template.constant, words))
            if SPECIAL.fullmatch(name) and not (fine or by_itself):
                what = f"{name} would be set to what a parameter says"
                raise TemplateError(what, "take another name for it")
        for operator, word in command.redirections:
            _redirected(template, operator, word)
        for word in (*command.words, *command.each):
            if template.divides(word):
                what = "a variable or $(...) outside of quotes has what a parameter says"
                raise TemplateError(what, 'write "$x" or "$(...)"')
        if command.words:
            programs.check(command.words)


def _read(text: Text) -> list[Command]:
    """Its commands, with those that a `trap` runs later."""
    reader = Commands(text)
    reader.read()
    found = list(reader.found)
    for command in reader.found:
        if any(word.name == "trap" for word in command.words):
            for word in command.words:
                if not _SIGNAL.fullmatch(word.literal):
                    found += _read(Text(word.literal, []))
    return found


def _written(commands: Sequence[Command]) -> set[str]:
    """The names of the files that commands write; ANY and how it ends, where no more is known."""
    found = set[str]()
    for command in commands:
        for operator, word in command.redirections:
            if operator not in ("<", "<<", "<<-", "<<<") and not operator.endswith("&"):
                found.add(_last(word))
        if any(word.name in WRITING for word in command.words):
            # In a folder it has the name that it had.
            names = (word for word in command.words[1:] if word.literal[:1] != "-")
            found |= {_last(w) for w in names if not (w.fixed and w.literal.endswith("/"))}
    return found


def _last(word: Word) -> str:
    """The last part of a path, or how that ends."""
    name = word.tail.rpartition("/")[2]
    return name if name and (word.fixed or "/" in word.tail) else f"{ANY}{name}"


def _redirected(template: _Template, operator: str, word: Word) -> None:
    """A file's name may have a parameter in it, and not begin with one: bash opens /dev/tcp/... as
    a connection."""
    if operator.startswith("<<") or not template.told(word):
        return
    # What a program prints into another one (`<(...)`) is no name.
    if word.inner and not word.start and not word.variables and not word.parameters:
        return
    begins = word.start
    if operator.endswith("&") or "/dev/".startswith(begins) or begins.startswith("/dev"):
        what = "a parameter says which file is opened"
        raise TemplateError(what, "write a folder before it: >out/{name}")
