"""Texts of rules: Jinja2 templates from the config, in a sandbox.

Templates come from the config only. What sheets say goes in as values, cleaned, and stays
what it is. Jinja2 is imported when the first text is written, since most runs write none:
reading the config only looks at brackets, `labtool check` at everything.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from labtool.core.config.types import mistake
from labtool.tasks.remind import words

if TYPE_CHECKING:
    from jinja2 import Environment, Template

MAX_TEMPLATE = 8_000
MAX_OUTPUT = 12_000
_QUOTED = r"""(?:"[^"]*"|'[^']*'|[^"'])*?"""
_COMPLETE = re.compile(rf"\{{#.*?#\}}|\{{\{{{_QUOTED}\}}\}}|\{{%{_QUOTED}%\}}", re.DOTALL)
_BRACKET = re.compile(r"\{\{|\}\}|\{%|%\}|\{#")
_FILTERS = (
    "capitalize", "default", "first", "groupby", "int", "join", "last", "length", "list", "lower",
    "map", "reject", "rejectattr", "replace", "round", "select", "selectattr", "sort", "string",
    "sum", "title", "trim", "unique", "upper",
)  # fmt: skip


class TextError(Exception):
    """A template that cannot be read or filled in; says why, on one line."""


def _brackets(text: str) -> str:
    """Refuse a template whose brackets do not match: most slips, found without Jinja2."""
    if not text.strip():
        raise mistake("is empty", "write what is to be said")
    if len(text) > MAX_TEMPLATE:
        raise mistake(f"is {len(text)} characters long", f"write at most {MAX_TEMPLATE}")
    # Spaces for what is complete keep the lines where they are.
    rest = _COMPLETE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found = _BRACKET.search(rest)
    if found:
        line = rest.count("\n", 0, found.start()) + 1
        raise mistake(
            f"has a {found[0]!r} without its other half in line {line} of the text",
            "write {{ value }} or {% if ... %}",
        )
    return text


Text = Annotated[str, AfterValidator(_brackets)]


def render(template: str, values: Mapping[str, Any]) -> str:
    """The neutral text of a template with these values. Raises TextError."""
    from jinja2 import TemplateError

    pieces: list[str] = []
    length = 0
    try:
        for piece in _compiled(template).generate(values):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_OUTPUT:
                raise TextError(f"becomes longer than {MAX_OUTPUT} characters")
    except (
        TemplateError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise TextError(_said(error)) from None
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip()


def mistakes(template: str, known: Mapping[str, Any]) -> list[str]:
    """What is wrong with a template when only the `known` names have values: its grammar,
    filters and names that do not exist, even in branches that are rarely taken."""
    from jinja2 import TemplateError, TemplateSyntaxError, meta

    try:
        _compiled(template)
        tree = _environment().parse(template)
    except TemplateSyntaxError as error:
        return [f"line {error.lineno} of the text: {error.message}"]
    except TemplateError as error:
        return [_said(error)]
    unknown = sorted(meta.find_undeclared_variables(tree) - set(known))
    if unknown:
        return [f"{name!r} is not defined" for name in unknown]
    try:
        render(template, known)
    except TextError as error:
        return [str(error)]
    return []


# `'labtool.core.people.Person object'` is a person to those who write texts.
_OBJECT = re.compile(r"'labtool\.[\w.]*?(\w+) object'")


def _said(error: Exception) -> str:
    """What Jinja2 says of an error, on one line."""
    said = _OBJECT.sub(lambda found: found[1].casefold(), " ".join(str(error).split()))
    return said[:200] or type(error).__name__


@lru_cache(maxsize=1024)
def _compiled(template: str) -> "Template":
    return _environment().from_string(template)


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        """No names but ours, and no operator that makes a small text a huge one."""

        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            numbers = isinstance(left, int | float) and isinstance(right, int | float)
            if not numbers or operator == "**":
                raise SecurityError(f"{operator} is for numbers only, and ** for none")
            return super().call_binop(context, operator, left, right)

    made = Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS} | words.FILTERS
    return made
