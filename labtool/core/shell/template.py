"""A bash command with `{name}` parameters -> a script that takes them as data. Pure.

The text of a parameter is never part of the script: bash reads all of them from standard input into
variables of its own, and where the template names one, the script has the variable, in quotes that
fit those around it. So nothing in it is interpreted (gnu.org/software/bash/manual, Shell
Expansions), and it may be longer than an argument can be.

A template that names a parameter may have those forms of bash alone that are known to take it as
data (shell/); without parameters it is whatever bash makes of it.
"""

import re
from dataclasses import dataclass

from labtool.core.shell.safe import check
from labtool.core.shell.words import FIRST_MARK, MARKS, TemplateError, Text, variable

__all__ = ["UNREAD", "Script", "TemplateError", "compiled"]

# The exit status of a script that has not got its parameters, each ended by a zero byte.
UNREAD = 125
_UNREAD = '"labtool: the shell has not got its parameters; is it bash?"'
_JOINED = re.compile(r"(?<![ \t])\\\n")
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Script:
    """What bash is given: the text, and the order in which it reads the parameters."""

    text: str
    parameters: tuple[str, ...]


def compiled(template: str) -> Script:
    """The script of a template. `{{` and `}}` are braces; so is any brace that is not around a
    name. Raises TemplateError."""
    marked, names = _marked(template)
    if not names:
        return Script(marked, ())
    if any(char < " " and char not in "\t\n" for char in marked):
        raise TemplateError("a control character in a template with parameters", "take it out")
    # Bash takes both away before it looks for words; we, where that joins none.
    if _JOINED.search(marked) or ("<<" in marked and "\\\n" in marked):
        what = "a line that goes on within a word or a here-document"
        raise TemplateError(what, "write a space before the \\ at its end, or one line")
    text = Text(marked, names)
    check(text)
    # Byte for byte: in a locale of many bytes a character that is not whole takes the end with it.
    reads = " && ".join(f"LC_ALL=C IFS= read -rd '' {variable(name)}" for name in names)
    ready = f"{{ {reads}; }} && exec </dev/null || {{ echo {_UNREAD} >&2; exit {UNREAD}; }}"
    return Script(f"{ready}\n{''.join(text.out)}", tuple(names))


def _marked(template: str) -> tuple[str, list[str]]:
    """The template as bash would have it, with a mark in place of each parameter; their names,
    in the order of the marks."""
    if not MARKS.isdisjoint(template):
        raise TemplateError("a character of a private plane", "take it out")
    # Who doubles one brace doubles all of them, as Python's format has it.
    doubled = "{{" in template
    names: list[str] = []
    out, at = [], 0
    while at < len(template):
        found = _NAME.match(template, at)
        if doubled and template.startswith(("{{", "}}"), at):
            out.append(template[at])
            at += 2
        elif found:
            if found[1] not in names:
                names.append(found[1])
            out.append(chr(FIRST_MARK + names.index(found[1])))
            at = found.end()
        else:
            out.append(template[at])
            at += 1
    if len(names) > len(MARKS):
        raise TemplateError(f"{len(names)} parameters", "have fewer")
    return "".join(out), names
