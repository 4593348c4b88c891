"""Whether nothing of what people say is interpreted by bash, or by a program that it runs. Pure.

A parameter arrives in a variable that only its own place in the template names, in quotes. From
there it may go into other variables, and into what programs print: what bash looks into once more
is refused for all of them alike, as nobody can tell what a file has that was written meanwhile.
"""

import re
from collections.abc import Iterable, Sequence

from labtool.core.shell.commands import Commands
from labtool.core.shell.programs import Programs
from labtool.core.shell.tables import EXPANDING, RECIPES, SAYING, SPECIAL
from labtool.core.shell.words import Command, TemplateError, Text, Word
from labtool.core.shell.written import files, sets

# What bash sets by itself from what commands are given.
_GIVEN = re.compile(r"[0-9@*_]|labtool_\w+")
_HOOKS = re.compile(r"(^|/)\.(git|ssh)/")
# What brings something to what stands before it.
_AROUND = re.compile(r"\b(while|until|for|trap|exec)\b")
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

    @property
    def told_names(self) -> set[str]:
        """The variables that have something of what was said."""
        return self._told

    def constant(self, word: Word) -> bool:
        """Whether a word is the same whatever is said, written and printed."""
        loose = any(v in self._loose or _GIVEN.fullmatch(v) for v in word.variables)
        loose |= any(
            reads(one) or one.words[0].name == "pwd" or not all(map(self.constant, one.all_words()))
            for one in word.inner
        )
        return not (word.parameters or word.glob or loose)

    def told(self, word: Word) -> bool:
        """Whether a word has something of what was said."""
        return bool(word.parameters) or self._has(word.variables, word.inner)

    def names(self, word: Word) -> bool:
        """Whether it names what was said, by a parameter or a variable."""
        return bool(word.parameters) or self._has(word.variables, ())

    def divides(self, word: Word) -> bool:
        """Whether bash would divide what was said at spaces, and take it for patterns."""
        return self._has(word.split, word.split_inner)

    def _has(self, variables: Iterable[str], inner: Iterable[Command]) -> bool:
        if any(v in self._told or _GIVEN.fullmatch(v) for v in variables):
            return True
        return any(
            (self._flows and reads(one))
            or any(map(self.told, one.all_words()))
            or ("PWD" in self._told and any(word.name == "pwd" for word in one.words))
            for one in inner
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
    names = [word.name for word in command.words]
    if names[:1] == ["command"]:
        return not (command.words[1:] and command.words[1].literal in ("-v", "-V"))
    return not names or names[0] not in SAYING


def check(text: Text) -> None:
    """Read a template's text, and hold it against all that. Raises TemplateError."""
    commands = _read(text)
    written = files(commands)
    # Where pipes, files and here-documents hand nothing on, nobody reads what was said there.
    flows = bool(written) or any(
        command.piped
        or any(one.startswith("<<") and not word.fixed for one, word in command.redirections)
        for command in commands
    )
    template = _Template(commands, flows=flows)
    names = {word.name for command in commands for word in command.words}
    if names & EXPANDING and any(map(template.hands_on, commands)):
        fix = 'a script in the workspace may get it as "$1"'
        raise TemplateError("make would interpret what a parameter says", fix)
    moved = any(
        any(word.name == "cd" for word in command.words) and any(map(template.told, command.words))
        for command in commands
    )
    # What is set may be in the environment, where any text finds it.
    programs = Programs(template.constant, written, moved=moved, handed=bool(template.told_names))
    fed = _fed(template, commands, text, written)
    _recipes(template, commands, fed)
    for command in commands:
        for name, words in sets(command):
            by_itself = name in ("PWD", "OLDPWD") and not command.assigned
            fine = words and all(map(template.constant, words))
            if SPECIAL.fullmatch(name) and not (fine or by_itself):
                what = f"{name} would be set to what a parameter says"
                raise TemplateError(what, "take another name for it")
            if SPECIAL.fullmatch(name) and any(written & _ends(word) for word in words):
                what = f"{name} names a file that is written here"
                raise TemplateError(what, "keep that in the workspace")
        for operator, word in command.redirections:
            _redirected(template, operator, word)
        for word in (*command.words, *command.each):
            if template.divides(word):
                what = "a variable or $(...) outside of quotes has what a parameter says"
                raise TemplateError(what, 'write "$x" or "$(...)"')
        if command.words:
            programs.check(command.words, fed=command in fed)


def _ends(word: Word) -> set[str]:
    """How the files are called that a variable's value names."""
    return {one.rpartition("/")[2] for one in re.split("[:=,]", word.literal)}


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


def _recipes(template: _Template, commands: Sequence[Command], fed: set[Command]) -> None:
    """What was said may be written to no file that programs run by its name alone."""
    if not any(
        files([command]) and (command in fed or any(map(template.names, command.all_words())))
        for command in commands
    ):
        return
    found = files(commands) & RECIPES
    if found or any(
        _HOOKS.search(word.literal) and operator.startswith((">", "&"))
        for command in commands
        for operator, word in command.redirections
    ):
        what = f"{min(found, default='a file of git or ssh')} is written here, and run by others"
        raise TemplateError(what, "keep it in the workspace")


def _fed(
    template: _Template, commands: Sequence[Command], text: Text, written: set[str]
) -> set[Command]:
    """Those that what was said may come into: by a pipe or a file."""
    # A file that is written, and a loop, bring it also to what stands before.
    around = bool(written) or bool(_AROUND.search(text.text))
    told = [any(map(template.names, command.all_words())) for command in commands]
    found = set[Command]()
    for at, command in enumerate(commands):
        takes = command.piped or any(one.startswith("<") for one, _ in command.redirections)
        # Its option -a reads a file.
        takes |= around and ("<" in text.text or any(one.name == "xargs" for one in command.words))
        own = any(template.told(w) for one, w in command.redirections if one.startswith("<"))
        if own and not command.words:
            # Of `{ ...; } <<<{x}`, each command in it.
            return set(commands)
        if own or (takes and any(told if around else told[:at])):
            found.add(command)
    return found


def _redirected(template: _Template, operator: str, word: Word) -> None:
    """A file's name may have a parameter in it, and not begin with one: bash opens /dev/tcp/... as
    a connection."""
    if operator.startswith("<<") or not template.told(word):
        return
    if template.divides(word):
        what = "a file's name outside of quotes has what a parameter says, as a pattern"
        raise TemplateError(what, 'write >"out/$x"')
    # What a program prints into another one (`<(...)`) is no name.
    if word.inner and not word.start and not word.variables and not word.parameters:
        return
    begins = word.start
    if operator.endswith("&") or "/dev/".startswith(begins) or begins.startswith("/dev"):
        what = "a parameter says which file is opened"
        fix = "write a folder before it: >out/{name}"
        if operator == "<":
            fix = "write a folder before it: <in/{name}; or: set -o pipefail; cat -- {name} |"
        raise TemplateError(what, fix)
