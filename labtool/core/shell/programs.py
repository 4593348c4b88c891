"""Which programs may get a parameter, and how: those that take their arguments as data may have
them anywhere; those that run, calculate or search what their arguments say may not. Pure.

Of bash's own commands all are known, and what is not named here is refused. Of other programs
those that interpret what they are given are named, as far as they are known (tables.py): a program
that is not is taken to use its arguments as data.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from labtool.core.shell import options, places, runners
from labtool.core.shell import tables as t
from labtool.core.shell.builtin import Builtins
from labtool.core.shell.texts import interpreted
from labtool.core.shell.words import WAY_OUT, TemplateError, Word

# As python3.11, python3-dbg, perl5.36-x86_64-linux-gnu and x86_64-linux-gnu-python3 are called.
_VERSIONED = re.compile(
    r"(?:\w+-linux-gnu-)?([A-Za-z_]+?)(\d?)(?:-?[\d.]*t?)(?:-dbg|-static|-nox|-\w+-linux-gnu)?"
    r"(?:\.(?:openmpi|mpich|hydra|basic|tiny|nox|gtk3|openbsd|traditional))?"
)
# What says which file has the text of sed, awk or make; and as one word.
_TEXT_OF = re.compile(r"-\w*f|--(?:make)?file|--include|-[iE]")
_TEXT_IS = re.compile(r"(?:-\w*f|--(?:make)?file=|--include=)(.+)")


class Programs:
    """Holds commands against what is known of their programs. `constant` says whether a word has
    nothing of what people said; `written` are names of files that the template writes; `moved`: it
    goes into a folder that they name; `handed`: a variable has what they said."""

    def __init__(
        self, constant: Callable[[Word], bool], written: Collection[str], *, moved: bool,
        handed: bool,
    ) -> None:  # fmt: skip
        self.constant, self._written, self._moved = constant, written, moved
        self._reached = moved or handed
        self.fed = False
        ways: dict[str, Callable[[Programs, str, Sequence[Word]], None]] = {
            "find": places.find, "xargs": runners.xargs, "git": places.git,
            **dict.fromkeys(("ssh", "autossh"), places.ssh),
            **dict.fromkeys(("scp", "rsync"), places.copy),
            **dict.fromkeys(options.OPTIONS_RUN, places.ends_options),
            **dict.fromkeys(t.RUN, runners.runs), **dict.fromkeys(t.WITHIN, runners.within),
        }  # fmt: skip
        self._own: dict[str, Callable[[str, Sequence[Word]], None]] = {
            ".": self._source, "source": self._source, **Builtins(constant).known,
            **dict.fromkeys((*t.CONSTANT, *t.TEXTS), self.all_constant),
            **{name: partial(way, self) for name, way in ways.items()},
            **dict.fromkeys(t.SCRIPTS, self._script),
        }  # fmt: skip

    def check(self, words: Sequence[Word], *, fed: bool | None = None) -> None:
        """A command; `fed`: what was said may come into it. Raises TemplateError."""
        self.fed = self.fed if fed is None else fed
        first, rest = words[0], words[1:]
        name = "[" if first.plain and first.literal == "[" else self._name(first)
        # What has a folder is none of bash's own; ./script is the workspace's.
        is_path = "/" in first.literal
        if is_path and (name in t.BUILTINS or (name in t.NEVER and first.head.startswith("./"))):
            self.others(rest)
            return
        if name in t.REFUSED:
            raise TemplateError(f"{name} in a template with parameters")
        told = self.fed or self._reached or not all(map(self.constant, rest))
        told |= self._mentions(rest)
        if (name in t.NEVER and told) or (self.fed and name in t.FED):
            raise TemplateError(f"{name} would run what it is told")
        places.told_after(self, name, rest)
        self._reads(name, rest)
        if name in self._own:
            self._own[name](name, rest)
        elif name not in t.DATA:
            self.others(rest)

    def _name(self, word: Word) -> str:
        """The program's name. Raises TemplateError where something else would say it."""
        name = self._file(word)
        if not name or name.startswith("-"):
            what = "a parameter, a variable or a pattern says which program runs"
            raise TemplateError(what, "write the program's name")
        return name

    def _file(self, word: Word, *, script: bool = False) -> str:
        """The name of a program or script; empty where it is not certain what it is. What comes
        before its last slash may be a variable, if nobody can say what is in that."""
        _, slash, name = word.tail.rpartition("/")
        if not word.fixed and not (slash and self.constant(word)):
            return ""
        is_path = script or "/" in word.literal
        ends = tuple(one.removeprefix(t.ANY) for one in self._written if one.startswith(t.ANY))
        if name in self._written or (is_path and name.endswith(ends)):
            raise TemplateError(f"{name} is written here, and run", "keep it in the workspace")
        if self._moved and is_path and not word.literal.startswith("/") and word.fixed:
            what = f"{name} would be one of a folder that a parameter names"
            raise TemplateError(what, "write its whole path")
        if versioned := _VERSIONED.fullmatch(name):
            known = (versioned[1] + versioned[2], versioned[1])
            name = next((one for one in known if one in t.INTERPRETERS or one in t.RUN), name)
        return "" if _is_input(word.tail) else name

    def all_constant(self, name: str, words: Sequence[Word]) -> None:
        """A program that interprets its arguments."""
        reads = name in t.TEXTS and any(map(self._is_told, _text_files(name, words)))
        if name in t.EXPANDING:
            # What make reads by itself.
            reads |= any(one in t.MAKEFILES or one.endswith(".mk") for one in self._written)
        if name in t.ASKING:
            named = [one.literal for one in words if one.fixed and one.literal[:1] != "-"]
            reads |= not named or any(map(self._is_told, named))
        if reads or not all(map(self.constant, interpreted(name, words, self.constant))):
            fix = f"{name} may get it on standard input, or a file as ./{{name}}; {WAY_OUT}"
            raise TemplateError(f"{name} would interpret what a parameter says", fix)
        runs = t.SED_RUNS if name.endswith("sed") else t.AWK_RUNS
        texts = (re.sub("^(--expression=|-[ns]*e)", "", word.literal) for word in words)
        if name in t.TEXTS and any(map(runs.search, texts)):
            raise TemplateError(f"a text of {name} that runs something")

    def _is_told(self, path: str) -> bool:
        """Whether a file's text may be what was said."""
        name = path.rpartition("/")[2]
        ends = tuple(one.removeprefix(t.ANY) for one in self._written if one.startswith(t.ANY))
        return _is_input(path) or name in self._written or name.endswith(ends)

    def _mentions(self, words: Sequence[Word]) -> bool:
        """Whether words name a file that is written here, anywhere in them."""
        names = [one.removeprefix(t.ANY) for one in self._written]
        return any(any(name in word.literal for name in names) for word in words)

    def _reads(self, name: str, words: Sequence[Word]) -> None:
        """A program that runs what a file says. Raises TemplateError."""
        verbs, texts = options.READING.get(name), [word.literal for word in words]
        if verbs is None or (verbs and set(verbs).isdisjoint(texts)):
            return
        if self._mentions(words) or (self.fed and any(one in ("-", "/dev/stdin") for one in texts)):
            raise TemplateError(f"{name} would run what a file says that is written here")

    def _source(self, name: str, words: Sequence[Word]) -> None:
        if not words or not self._file(words[0], script=True):
            raise TemplateError(f"{name} would run what a parameter says", "name a file")

    def _script(self, name: str, words: Sequence[Word]) -> None:
        """A language's program: with the file of a script, what is after that is data."""
        flags = re.compile(t.SCRIPTS[name])
        at = 0
        while at < len(words) and words[at].fixed and flags.fullmatch(words[at].literal):
            at += 1
        given = words[at:]
        language = _VERSIONED.fullmatch(name)
        ends = t.IMPORTED.get(language[1] if language else name, ())
        imports = bool(ends) and any(one.endswith(ends) for one in self._written)
        if name.startswith("py") and given and given[0].literal == "-m" and given[0].fixed:
            known = len(given) > 1 and given[1].fixed and given[1].literal not in t.MODULES
            if known and not imports and not self._moved:
                return
        elif imports:
            what = f"{name} may import a file that is written here"
            raise TemplateError(what, "give it another ending than that of a program")
        elif (
            given
            and given[0].literal[:1] not in "-+"
            and (script := self._file(given[0], script=True))
        ):
            places.told_after(self, script, given[1:])
            return
        elif words and not self.fed and self._is_own(name, words, given):
            return
        fix = f'write {name} SCRIPT {{name}}; the script in the workspace gets it as "$1"'
        raise TemplateError(f"{name} would run what it is told", fix)

    def _is_own(self, name: str, words: Sequence[Word], given: Sequence[Word]) -> bool:
        """Whether a language, which is no shell, runs what the template alone says:
        `python3 - {x} <<'END'`, or `-c` and a text."""
        versioned = _VERSIONED.fullmatch(name)
        if self._reached or not {name, versioned[1] if versioned else ""}.isdisjoint(t.SHELLS):
            return False
        if given and given[0].fixed and given[0].literal == "-":
            return True
        return all(map(self.constant, words)) and not self._mentions(words)

    def others(self, words: Sequence[Word]) -> None:
        """A program that is not known: it may run another one, which its arguments name."""
        for at, word in enumerate(words):
            later = words[at + 1 :]
            option = t.RUNNING.fullmatch(word.literal)
            if option and not all(map(self.constant, words[at : at + (1 if option[2] else 2)])):
                raise TemplateError(f"{word.literal[:40]} would run what a parameter says")
            if word.glob and not t.INTERPRETERS.isdisjoint(re.split(r"[{},/]", word.literal)):
                raise TemplateError("a program inside {...} or a pattern", "write its name")
            if word.name in t.INTERPRETERS and (
                not later
                or any(one.literal.startswith("-") or not self.constant(one) for one in later)
            ):
                self.check(words[at:])


def _is_input(path: str) -> bool:
    """Whether a file may be what comes in: /dev/stdin, and what else leads to it from anywhere."""
    path = posixpath.normpath(re.sub("^/+", "/", path)) if path else path
    name = path.rpartition("/")[2]
    return name in ("-", "stdin") or name.isdigit() or path.startswith(("/dev/", "/proc/"))


def _text_files(name: str, words: Sequence[Word]) -> Iterator[str]:
    """The files that have the text of sed, awk, make or the like."""
    before = ""
    for word in words:
        if found := _TEXT_IS.fullmatch(word.literal):
            yield found[1]
        elif _TEXT_OF.fullmatch(before) or (name in t.ASKING and word.literal == "-"):
            yield word.literal
        before = word.literal
