"""A bash command with `{name}` parameters -> a script that takes them as data. Pure.

The text of a parameter is never part of the script: bash reads all of them from a file handle into
variables of its own, and where the template names one, the script has the variable, in quotes that
fit those around it. So nothing in it is interpreted (gnu.org/software/bash/manual, Shell
Expansions), and it may be longer than an argument can be.

Where bash would look into a variable once more, a parameter is refused: arithmetic, `[[`, `${...}`,
here-documents, backquotes, `$'...'`, and commands that run their text.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

# The handle that a script reads its parameters from, each ended by a zero byte.
HANDLE = 3
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RUNS_TEXT = re.compile(
    r"(?<![\w./-])(eval|let|source|declare|typeset|unset)(?![\w-])"
    r"|(?<![\w-])(?:ba|da|z|k)?sh\s+(?:-[a-z]+\s+)*-[a-z]*c\b"
    r"|(?<![\w-])printf\s+-v\b|(?<![\w-])(?:test|\[)\s+-v\b|(?<![\w-])(su|xargs)\b[^|;&\n]*\s-c\b"
)


@dataclass(frozen=True, slots=True)
class Script:
    """What bash is given: the text, and the order in which it reads the parameters."""

    text: str
    parameters: tuple[str, ...]


class TemplateError(ValueError):
    """A template that cannot take its parameters as data."""


def compiled(template: str, parameters: Collection[str] | None = None) -> Script:
    """The script of a template. `{{` and `}}` are braces; so is any brace that names none of
    `parameters` (where these are known). Raises TemplateError."""
    marked, names = _marked(template, parameters)
    text = _Reader(marked, names).read()
    if names and (found := _RUNS_TEXT.search(template)):
        raise TemplateError(f"{found[0].strip()} would run what a parameter says")
    if marked.lstrip()[:1] in _MARKS:
        raise TemplateError("a parameter would say which program runs")
    reads = "".join(f"IFS= read -rd '' {_variable(name)}; " for name in names)
    before = f"{{ {reads}}} <&{HANDLE}; " if names else ""
    return Script(f"{before}exec {HANDLE}<&-\n{text}", tuple(names))


# One character for each parameter, from a plane that no template has.
_FIRST_MARK = 0xF0000
_MARKS = frozenset(map(chr, range(_FIRST_MARK, _FIRST_MARK + 1000)))


def _marked(template: str, parameters: Collection[str] | None) -> tuple[str, list[str]]:
    """The template as bash would have it, with a mark in place of each parameter; their names,
    in the order of the marks."""
    if not _MARKS.isdisjoint(template):
        raise TemplateError("a character of a private plane")
    # Who doubles one brace doubles all of them, as Python's format has it.
    doubled = "{{" in template
    names: list[str] = []
    out, at = [], 0
    while at < len(template):
        found = _NAME.match(template, at)
        if doubled and template.startswith(("{{", "}}"), at):
            out.append(template[at])
            at += 2
        elif found and (parameters is None or found[1] in parameters):
            if found[1] not in names:
                names.append(found[1])
            out.append(chr(_FIRST_MARK + names.index(found[1])))
            at = found.end()
        else:
            out.append(template[at])
            at += 1
    return "".join(out), names


def _variable(name: str) -> str:
    return f"labtool_{name}"


# What begins inside what, the longer first; and how it ends.
_SHELL = ("$((", "((", "$(", "${", "[[", "`", "$'", "'", '"', "(")
_QUOTED = ("$((", "$(", "${", "`")
_BEGINS = {"'": (), '"': _QUOTED, "#": (), "$'": ()}
_ENDS = {
    "'": "'", '"': '"', "`": "`", "$'": "'", "$(": ")", "(": ")", "${": "}", "$((": "))",
    "((": "))", "[[": "]]", "#": "\n",
}  # fmt: skip
# In these bash looks into a variable as into any other text of the script, or not at all.
_REFUSED = ("`", "$'", "${", "$((", "((", "[[", "#")


class _Reader:
    """Reads a template once, and knows in what quotes it is."""

    def __init__(self, marked: str, names: list[str]) -> None:
        self._text, self._at = marked, 0
        self._names = names
        self._inside: list[str] = []
        self._out: list[str] = []

    def read(self) -> str:
        """The script."""
        while self._at < len(self._text):
            self._step(self._text[self._at :])
        if self._inside and self._inside[-1] != "#":
            raise TemplateError(f"{self._inside[-1]} is not closed")
        return "".join(self._out)

    def _step(self, rest: str) -> None:
        where = self._inside[-1] if self._inside else ""
        if rest[0] in _MARKS:
            self._put(self._names[ord(rest[0]) - _FIRST_MARK], where)
        elif where and rest.startswith(_ENDS[where]):
            self._inside.pop()
            self._take(len(_ENDS[where]))
        elif rest[0] == "\\" and where not in ("'", "#"):
            if rest[1:2] in _MARKS:
                raise TemplateError("a backslash before a parameter")
            self._take(2)
        elif begins := self._begun(rest, where):
            self._inside.append(begins)
            self._take(len(begins))
        elif where not in _BEGINS and rest.startswith("<<"):
            self._document(rest)
        else:
            self._take(1)

    def _begun(self, rest: str, where: str) -> str:
        """What begins here."""
        if where not in _BEGINS and rest[0] == "#":
            before = self._text[self._at - 1 : self._at]
            return "#" if not before or before in " \t\n;|&()" else ""
        return next((one for one in _BEGINS.get(where, _SHELL) if rest.startswith(one)), "")

    def _document(self, rest: str) -> None:
        """A here-string, or a here-document: all that follows is as it is."""
        if rest.startswith("<<<"):
            self._take(3)
        elif not _MARKS.isdisjoint(rest):
            raise TemplateError("a parameter in or after a here-document (<<)")
        else:
            self._take(len(rest))

    def _put(self, name: str, where: str) -> None:
        """The variable, in the quotes that are needed here."""
        refused = next((one for one in self._inside if one in _REFUSED), None)
        if refused:
            raise TemplateError(f"a parameter inside {refused}")
        variable = f"${{{_variable(name)}}}"
        around = {"'": f"'\"{variable}\"'", '"': variable}
        self._take(1, around.get(where, f'"{variable}"'))

    def _take(self, number: int, instead: str | None = None) -> None:
        text = self._text[self._at : self._at + number]
        self._out.append(text if instead is None else instead)
        self._at += number
