"""Which programs may get a parameter, and how: those that take their arguments as data may have
them anywhere; those that run, calculate or search what their arguments say may not. Pure.

Of bash's own commands all are known, and what is not named here is refused. Of other programs
those that interpret what they are given are named, as far as they are known (tables.py): a program
that is not is taken to use its arguments as data.
"""

import re
from collections.abc import Callable, Collection, Sequence

from labtool.core.shell import tables as t
from labtool.core.shell.words import ASSIGNMENT, TemplateError, Word

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PART = re.compile(r"[^\s;&|()<>{}'\"`$=]+")
# Files that are what comes in, rather than a script.
_VERSIONED = re.compile(r"([A-Za-z_]+)(\d?)[\d.-]*")
_INPUT = re.compile(r"(-f|--file=|-)?(-|/dev/.*|/proc/.*|.*/fd/.*)")
_ASSIGNING = ("env", "sudo")


class Programs:
    """Holds commands against what is known of their programs. `constant` says whether a word has
    nothing of what people said; `written` are names of files that the template writes; `moved`: it
    goes into a folder that they name."""

    def __init__(
        self, constant: Callable[[Word], bool], written: Collection[str], *, moved: bool
    ) -> None:
        self._constant, self._written, self._moved = constant, written, moved
        self._own: dict[str, Callable[[str, Sequence[Word]], None]] = {
            "printf": self._printf, "[": self._test, "test": self._test, "read": self._read,
            "export": self._names, "readonly": self._names, "unset": self._unset,
            "wait": self._wait, "set": self._set, ".": self._source, "source": self._source,
            "trap": self._trap, "find": self._find, "xargs": self._xargs, "ssh": self._ssh,
            "scp": self._copy, "rsync": self._copy,
            **dict.fromkeys((*t.CONSTANT, *t.TEXTS), self._all_constant),
            **dict.fromkeys(t.OPTIONS_RUN, self._ends_options),
            **dict.fromkeys(t.RUN, self._runs), **dict.fromkeys(t.SCRIPTS, self._script),
        }  # fmt: skip

    def check(self, words: Sequence[Word]) -> None:
        """A command. Raises TemplateError."""
        first, rest = words[0], words[1:]
        name = "[" if first.plain and first.literal == "[" else self._name(first)
        if name in t.REFUSED:
            raise TemplateError(f"{name} in a template with parameters")
        if name in t.NEVER:
            raise TemplateError(f"{name} would run what it is told")
        if name in self._own:
            self._own[name](name, rest)
        elif name not in t.DATA:
            self._others(rest)

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
        if not word.fixed and not (slash and self._constant(word)):
            return ""
        is_path = script or "/" in word.literal
        ends = tuple(one.removeprefix(t.ANY) for one in self._written if one.startswith(t.ANY))
        if name in self._written or (is_path and name.endswith(ends)):
            raise TemplateError(f"{name} is written here, and run", "keep it in the workspace")
        if self._moved and is_path and not word.literal.startswith("/") and word.fixed:
            what = f"{name} would be one of a folder that a parameter names"
            raise TemplateError(what, "write its whole path")
        # As python3.11 and perl5.36-x86_64-linux-gnu are called.
        if versioned := _VERSIONED.match(name):
            known = (versioned[1] + versioned[2], versioned[1])
            name = next((one for one in known if one in t.INTERPRETERS), name)
        return "" if _INPUT.fullmatch(re.sub("/+", "/", word.tail)) and word.plain else name

    def _all_constant(self, name: str, words: Sequence[Word]) -> None:
        reads = name in t.TEXTS and any(_INPUT.fullmatch(word.literal) for word in words)
        if name in t.TEXTS and self._written:
            # A file with its text that is written here: by its option, or its usual name.
            files = {re.sub("^(-f|--file=)", "", word.literal).rpartition("/")[2] for word in words}
            reads |= bool(files & set(self._written))
            reads |= name in t.EXPANDING and bool(set(self._written) & t.MAKEFILES)
        if name in t.ASKING and not any(one.fixed and one.literal[:1] != "-" for one in words):
            reads = True
        if reads or not all(map(self._constant, words)):
            fix = f'{name} may get it on standard input, or a script in the workspace as "$1"'
            raise TemplateError(f"{name} would interpret what a parameter says", fix)

    def _printf(self, _: str, words: Sequence[Word]) -> None:
        if words and words[0].fixed and words[0].literal == "--":
            words = words[1:]
        form = words[0] if words else Word()
        text = form.literal.replace("%%", "")
        # %n sets a variable that an argument names.
        odd = text.startswith("-") or re.search(r"%[^A-Za-z%]*[hlLjzt]*n", text)
        if odd or not form.plain:
            raise TemplateError("printf without a plain format", "write printf '%s' {name}")

    def _test(self, name: str, words: Sequence[Word]) -> None:
        words = words[:-1] if name == "[" else words
        texts = [word.literal if word.fixed else "" for word in words]
        odd = "-v" in texts or "-R" in texts
        if not all(map(self._constant, words)):
            loose = [word for word in words if not self._constant(word)]
            odd |= any(word.split or word.split_inner or word.glob for word in loose)
            texts = texts[1:] if texts[:1] == ["!"] else texts
            odd |= len(texts) > 3
            odd |= len(texts) == 2 and texts[0] not in t.TESTS
            odd |= len(texts) == 3 and texts[1] not in t.COMPARES
        if odd:
            fix = 'write one comparison in each [ ], with variables in quotes: [ "$x" = y ]'
            raise TemplateError("this test in a template with parameters", fix)

    def _read(self, name: str, words: Sequence[Word]) -> None:
        texts = [word.literal if word.fixed else "?" for word in words]
        while texts and re.fullmatch(r"-[rs]+|-[rs]*[dnt]", texts[0]):
            texts = texts[2:] if texts[0][-1] in "dnt" else texts[1:]
        if not all(map(_IDENTIFIER.fullmatch, texts)):
            raise TemplateError(f"{name} into more than plain variables", f"write {name} -r line")

    def _names(self, name: str, words: Sequence[Word]) -> None:
        for word in words:
            is_name = word.fixed and _IDENTIFIER.fullmatch(word.literal)
            if not is_name and not ASSIGNMENT.match(word.head):
                raise TemplateError(f"{name} of more than plain names", f"write {name} x")

    def _unset(self, name: str, words: Sequence[Word]) -> None:
        if not all(word.fixed and _IDENTIFIER.fullmatch(word.literal) for word in words):
            raise TemplateError(f"{name} of more than plain names", f"write {name} x")

    def _wait(self, name: str, words: Sequence[Word]) -> None:
        self._all_constant(name, words)
        if any("p" in word.literal for word in words):
            raise TemplateError("wait -p in a template with parameters")

    def _set(self, _: str, words: Sequence[Word]) -> None:
        known = re.compile(r"[-+][euxfo]+|pipefail|errexit|nounset|xtrace")
        for word in words:
            if word.fixed and word.literal == "--":
                return
            if not (word.fixed and known.fullmatch(word.literal)):
                raise TemplateError("set in a template with parameters", "write set -euo pipefail")

    def _source(self, name: str, words: Sequence[Word]) -> None:
        if not words or not self._file(words[0], script=True):
            raise TemplateError(f"{name} would run what a parameter says", "name a file")

    def _trap(self, _: str, words: Sequence[Word]) -> None:
        # What it runs is read with the template's other commands.
        if not all(word.fixed for word in words):
            raise TemplateError("trap would run what a parameter says", "write it as '...'")

    def _find(self, _: str, words: Sequence[Word]) -> None:
        loose = [word for word in words if not self._constant(word)]
        runs = any(re.match(r"-(exec|ok|fprint|fls|delete)", word.literal) for word in words)
        if loose and (runs or any(one.split or one.split_inner or one.glob for one in loose)):
            fix = "write find ... -print0 | xargs -0 PROGRAM, or a script in the workspace"
            raise TemplateError("find would run what a parameter says", fix)
        # It takes whatever may be one for an expression (-delete), wherever it stands.
        for before, word in zip((None, *words), words, strict=False):
            placed = word.start and not word.start.startswith("-")
            if word in loose and not placed and not (before and before.literal in t.FIND_TAKES):
                fix = "write ./{name}, or it after -name"
                raise TemplateError("find would take a parameter for an expression", fix)

    def _xargs(self, name: str, words: Sequence[Word]) -> None:
        self._all_constant(name, words)
        at, place, whole = 0, "", False
        while at < len(words) and words[at].literal.startswith("-"):
            text, at = words[at].literal, at + 1
            if text.startswith("-I"):
                place = text[2:] or words[at].literal if at < len(words) or text[2:] else "-"
            elif not re.fullmatch(r"-[0rt]+|-[nPLd].*", text):
                raise TemplateError(f"xargs {text}", "write xargs -0 PROGRAM")
            whole |= "0" in text if text[1:2] not in "nPLdI" else text.startswith("-d")
            at += text in ("-I", "-n", "-P", "-L", "-d")
        if not whole:
            fix = "write xargs -0, or -d '\\n' for lines"
            raise TemplateError("xargs divides what it gets, at spaces and quotes", fix)
        parts = {part for word in words[at:] for part in _programs(word.literal)}
        first = words[at].literal if at < len(words) else "echo"
        if parts & (t.INTERPRETERS | t.RUN.keys() | t.REFUSED) or (place and place in first):
            raise TemplateError("xargs would have a program run what it gets")
        if at < len(words):
            self.check(words[at:])

    def _ssh(self, name: str, words: Sequence[Word]) -> None:
        fix = "give it on standard input: printf '%s' {name} | ssh host ./script"
        if not all(map(self._constant, words)):
            raise TemplateError("ssh has a shell there run what a parameter says", fix)
        given, takes = list[str](), False
        for word in words:
            if takes or (word.literal.startswith("-") and not given):
                takes = not takes and bool(t.SSH_TAKES.fullmatch(word.literal))
            else:
                given.append(word.literal)
        runs = {part for text in given[1:] for part in _programs(text)}
        if len(given) < 2 or runs & (t.INTERPRETERS | {"eval", "source", "."}):
            raise TemplateError("ssh has a shell there run what it gets", fix)

    def _copy(self, name: str, words: Sequence[Word]) -> None:
        loose = [not self._constant(word) for word in words]
        after = ["", *(word.literal for word in words)]
        if any(
            one and (":" in word.literal or re.fullmatch(r"-\w*[eS]|--rsh=?", before))
            for one, word, before in zip(loose, words, after, strict=False)
        ):
            what = f"{name} has a shell there look at a file's name with a parameter"
            raise TemplateError(what, "copy it to a fixed place, and move it there")
        self._ends_options(name, words)

    def _runs(self, name: str, words: Sequence[Word]) -> None:
        """A program that runs another one, which its arguments name."""
        flags, takes = t.RUN[name]
        at, before = 0, {"timeout": t.NUMBER, "flock": re.compile(".+")}.get(name)
        placed = False
        while at < len(words):
            word = words[at]
            is_option = word.literal.startswith("-") and word.fixed
            if name in t.PLACED and not is_option and not placed:
                placed = True
                if not word.fixed:
                    raise TemplateError(f"{name} of what a parameter says", "write it out")
                at += 1
                continue
            if name == "command" and word.literal in ("-v", "-V"):
                return
            if ASSIGNMENT.match(word.head) and name in _ASSIGNING:
                self.sets(word)
            elif is_option and takes and re.fullmatch(takes, word.literal):
                at += 1
            elif is_option and not re.fullmatch(f"--|{flags}" if flags else "--", word.literal):
                raise TemplateError(f"{name} {word.literal}", f"write {name} without it")
            elif before and word.fixed and before.fullmatch(word.literal):
                before = None
            elif not is_option:
                self.check(words[at:])
                return
            at += 1

    def sets(self, word: Word) -> None:
        """A word that sets a variable of a program. Raises TemplateError."""
        name = ASSIGNMENT.match(word.head)
        if name and t.SPECIAL.fullmatch(name[1]) and not self._constant(word):
            what = f"{name[1]} would be set to what a parameter says"
            raise TemplateError(what, "take another name for it")

    def _script(self, name: str, words: Sequence[Word]) -> None:
        """A language's program: with the file of a script, what is after that is data."""
        options = re.compile(t.SCRIPTS[name])
        at = 0
        while at < len(words) and words[at].fixed and options.fullmatch(words[at].literal):
            at += 1
        given = words[at:]
        if name.startswith("py") and given and given[0].literal == "-m" and given[0].fixed:
            if len(given) > 1 and given[1].fixed and given[1].literal not in t.MODULES:
                return
        elif given and given[0].literal[:1] not in "-+" and self._file(given[0], script=True):
            return
        fix = f'write {name} SCRIPT {{name}}; the script in the workspace gets it as "$1"'
        raise TemplateError(f"{name} would run what it is told", fix)

    def _ends_options(self, name: str, words: Sequence[Word]) -> None:
        """A program with options that run something: a parameter may be none of them."""
        if name == "git" and not any(word.literal in t.GIT_RUNS for word in words):
            self._others(words)
            return
        for word in words:
            if word.fixed and word.literal in ("--", "--end-of-options"):
                break
            if not self._constant(word) and not word.start:
                fix = "write -- before it, or ./{name}"
                raise TemplateError(f"{name} would take a parameter for an option", fix)
        self._others(words)

    def _others(self, words: Sequence[Word]) -> None:
        """A program that is not known: it may run another one, which its arguments name."""
        for at, word in enumerate(words):
            later = words[at + 1 :]
            option = t.RUNNING.fullmatch(word.literal)
            if option and not all(map(self._constant, words[at : at + (1 if option[2] else 2)])):
                raise TemplateError(f"{word.literal[:40]} would run what a parameter says")
            if word.glob and not t.INTERPRETERS.isdisjoint(re.split(r"[{},/]", word.literal)):
                raise TemplateError("a program inside {...} or a pattern", "write its name")
            if word.name in t.INTERPRETERS and (
                not later
                or any(one.literal.startswith("-") or not self._constant(one) for one in later)
            ):
                self.check(words[at:])


def _programs(text: str) -> set[str]:
    """What may be programs in a text of a shell."""
    return {part.rpartition("/")[2] or part for part in _PART.findall(text)}
