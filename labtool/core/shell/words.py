"""What a template is made of: commands and their words, as bash sees them. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# One character for each parameter, from a plane that no template has.
FIRST_MARK = 0xF0000
MARKS = frozenset(map(chr, range(FIRST_MARK, FIRST_MARK + 1000)))
WAY_OUT = 'let a script in the workspace do that, which gets it as "$1": ./script {name}'

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=", re.ASCII)


class TemplateError(ValueError):
    """A template that cannot take its parameters as data, and what to write instead."""

    def __init__(self, what: str, fix: str = WAY_OUT) -> None:
        super().__init__(what)
        self.fix = fix


@dataclass(slots=True, eq=False)
class Word:
    """A word. Of its text what is no expansion: all (`literal`), before the first and any pattern
    (`start`), after the last (`tail`), before any quotes (`head`). Its expansions: parameters,
    variables, the commands of `$(...)`; `split` says which of these bash divides at spaces;
    `edited`: one is more than the variable's text."""

    literal: str = ""
    start: str = ""
    tail: str = ""
    head: str = ""
    plain: bool = True
    quoted: bool = False
    glob: bool = False
    parameters: int = 0
    edited: bool = False
    variables: set[str] = field(default_factory=set)
    inner: list["Command"] = field(default_factory=list)
    split: set[str] = field(default_factory=set)
    split_inner: list["Command"] = field(default_factory=list)

    @property
    def fixed(self) -> bool:
        """Whether bash makes exactly its `literal` of it."""
        return self.plain and not self.glob

    def add(self, text: str) -> None:
        """Text that is no expansion."""
        self.literal += text
        self.tail += text
        if self.plain and not self.glob:
            self.start += text

    def expand(self) -> None:
        """An expansion."""
        self.plain, self.tail = False, ""

    @property
    def name(self) -> str:
        """The file's name, of a word that is a program; empty where it is not known."""
        return self.literal.rpartition("/")[2] if self.fixed else ""


@dataclass(slots=True, eq=False)
class Command:
    """A simple command; or, without words, the head of a loop over `each`. `piped`: somewhere
    before it is a pipe."""

    words: list[Word] = field(default_factory=list)
    assigned: list[tuple[str, Word]] = field(default_factory=list)
    redirections: list[tuple[str, Word]] = field(default_factory=list)
    each: list[Word] = field(default_factory=list)
    piped: bool = False

    def all_words(self) -> Iterator[Word]:
        """Each word in it."""
        yield from self.words
        yield from self.each
        yield from (word for _, word in self.assigned)
        yield from (word for _, word in self.redirections)


def variable(name: str) -> str:
    """The variable that has a parameter."""
    return f"labtool_{name}"


class Text:
    """A piece of a template, read once; `out` is what bash gets in its place."""

    def __init__(self, text: str, names: list[str]) -> None:
        self.text, self.names = text, names
        self.at = 0
        self.out: list[str] = []

    def ahead(self, *texts: str) -> bool:
        """Whether one of these comes next."""
        return any(self.text.startswith(one, self.at) for one in texts)

    def next(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, number: int, instead: str | None = None) -> str:
        """Go on by some characters, which bash gets, or something `instead`."""
        text = self.text[self.at : self.at + number]
        self.out.append(text if instead is None else instead)
        self.at += len(text)
        return text

    def match(self, pattern: "re.Pattern[str]") -> "re.Match[str] | None":
        """What comes next, if it is like this."""
        return pattern.match(self.text, self.at)

    def until(self, end: str) -> str:
        """What comes before the next `end`. Raises TemplateError where there is none."""
        found = self.text.find(end, self.at)
        if found < 0:
            raise TemplateError(f"{end} is not closed", "close it")
        return self.text[self.at : found]


_SPECIAL = re.compile(r"\$([A-Za-z_]\w*|[0-9@*#?$!-])", re.ASCII)
# Nothing in it that bash looks into once more: no offsets but numbers, no `!`, no `@`.
_BRACED = re.compile(
    r"\$\{#?([A-Za-z_]\w*|[0-9@*])(\[[@*]\]|\[\d+\])?"
    r"((%%?|##?|//?|:?[-+?]|\^\^?|,,?)[^}{(<>$`\\'\"\n\U000F0000-\U000F0FFF]*|:\d+(:\d+)?)?\}",
    re.ASCII,
)
_LENGTH = re.compile(r"\$\{#\w+\}", re.ASCII)
_NUMBERS = re.compile(r"\$\(\([0-9 \t\n+*/%()<>&|^~!?:,-]*\)\)")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)

Inner = Callable[[Text], list[Command]]


class Words:
    """Reads words of a text; `inner` reads the commands of `$(...)` up to its end."""

    def __init__(self, text: Text, inner: Inner) -> None:
        self._text, self._inner = text, inner

    def word(self) -> Word:
        """The word that begins here."""
        text, word = self._text, Word()
        begun = text.at
        while (char := text.next()) and char not in " \t\n;&|()<>":
            self._part(word, char)
        if text.ahead("(") or (text.at > begun and text.ahead("<(", ">(")):
            raise TemplateError("a ( inside a word, as of a function or an array")
        if word.head.endswith("}") and text.ahead("<", ">"):
            raise TemplateError("a } before a < or >")
        return word

    def _part(self, word: Word, char: str) -> None:
        text = self._text
        if char in MARKS:
            self._parameter(word, '"{}"')
        elif char == "\\":
            self._escaped(word)
        elif char == "'":
            self._single(word)
        elif char == '"':
            text.take(1)
            word.quoted = True
            self.double(word)
        elif char == "$" and (found := text.match(_ANSI)):
            if not MARKS.isdisjoint(found[0]):
                raise TemplateError("a parameter inside $'...'", "write '...' or \"...\"")
            text.take(len(found[0]))
            word.expand()
            word.quoted = True
        elif char == "$":
            self._dollar(word, split=True)
        elif char == "`":
            self._backquoted(word, split=True)
        else:
            self._bare(word, char)

    def _bare(self, word: Word, char: str) -> None:
        if word.plain and not word.quoted:
            word.head += char
        word.glob |= char in "*?[{"
        word.add(char)
        self._text.take(1)

    def _escaped(self, word: Word, special: str = "") -> None:
        """A backslash, which says something of what is after it; in double quotes only of what is
        `special` there."""
        after = self._text.text[self._text.at + 1 : self._text.at + 2]
        if after in MARKS and after:
            raise TemplateError("a backslash before a parameter", "take it out")
        if after != "\n":
            word.add(after if not special or after in special else f"\\{after}")
            word.quoted = True
        self._text.take(2)

    def _single(self, word: Word) -> None:
        text = self._text
        word.quoted = True
        text.take(1)
        for char in text.until("'"):
            if char in MARKS:
                self._parameter(word, "'\"{}\"'")
            else:
                word.add(text.take(1))
        text.take(1)

    def double(self, word: Word, end: str = '"') -> None:
        """What is in double quotes, up to their end; or, with no `end`, a here-document."""
        text = self._text
        while char := text.next():
            if char == end:
                text.take(1)
                return
            if char in MARKS:
                self._parameter(word, "{}")
            elif char == "\\":
                self._escaped(word, '$`"\\\n')
            elif char == "$" and not text.ahead(f"${end}" if end else "\0", "$'"):
                self._dollar(word, split=False)
            elif char == "`":
                self._backquoted(word, split=False)
            else:
                word.add(text.take(1))
        if end:
            raise TemplateError('" is not closed', "close it")

    def _parameter(self, word: Word, form: str) -> None:
        name = self._text.names[ord(self._text.next()) - FIRST_MARK]
        word.expand()
        word.parameters += 1
        self._text.take(1, form.format(f"${{{variable(name)}}}"))

    def _dollar(self, word: Word, *, split: bool) -> None:
        text = self._text
        after = text.text[text.at + 1 : text.at + 2]
        found = text.match(_SPECIAL) or text.match(_BRACED)
        if found:
            word.expand()
            # A length is a number.
            if not _LENGTH.fullmatch(found[0]):
                word.variables.add(found[1])
            word.edited |= found[0].strip("${}") != found[1]
            if split and found[1] in word.variables:
                word.split.add(found[1])
            text.take(len(found[0]))
        elif numbers := text.match(_NUMBERS):
            word.expand()
            text.take(len(numbers[0]))
        elif after == "(" and not text.ahead("$(("):
            text.take(2)
            self._commands(word, self._inner(text), split=split)
        elif after in MARKS and after:
            name = text.names[ord(after) - FIRST_MARK]
            raise TemplateError(f"a $ before {{{name}}}", f"a variable is ${{{{{name}}}}}")
        elif after in ("(", "[", "{", '"') and after:
            what = {"(": "$((...))", "[": "$[...]", "{": "this ${...}", '"': '$"..."'}[after]
            raise TemplateError(f"{what} in a template with parameters")
        else:
            word.add(text.take(1))

    def _backquoted(self, word: Word, *, split: bool) -> None:
        text = self._text
        text.take(1)
        content = text.until("`")
        if "\\" in content or not MARKS.isdisjoint(content):
            raise TemplateError("a parameter or a backslash inside `...`", "write $(...)")
        self._commands(word, self._inner(Text(content, [])), split=split)
        text.take(len(content) + 1)

    def substituted(self) -> Word:
        """`<(...)` or `>(...)`, which begins here."""
        word = Word(plain=False)
        self._text.take(2)
        self._commands(word, self._inner(self._text), split=False)
        return word

    def _commands(self, word: Word, found: list[Command], *, split: bool) -> None:
        word.expand()
        word.inner += found
        if split:
            word.split_inner += found
