"""What a parameter of a job may be: what was said is held against it before anything runs."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from labtool.core.config.patterns import Expression
from labtool.core.config.types import Section, Words, mistake
from labtool.core.people import NoMatch, People
from labtool.core.text import one_line

_LONGEST = 65_536
_LARGEST = 2**63


class Parameter(Section):
    """A parameter; `type: text` takes anything."""

    type: Literal["text", "choice", "integer", "regexp", "person", "url"] = "text"
    choices: Words = ()
    pattern: Expression | None = None
    least: int | None = None
    most: int | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Parameter":
        if (self.type == "choice") != bool(self.choices):
            raise mistake("choice and choices: belong together", "write choices: [a, b]")
        if (self.type == "regexp") != (self.pattern is not None):
            raise mistake("regexp and pattern: belong together", "write pattern: a regular one")
        if self.type != "integer" and (self.least is not None or self.most is not None):
            raise mistake("least and most are of integers", "write type: integer")
        if self.least is not None and self.most is not None and self.least > self.most:
            what = f"least: {self.least} is more than most: {self.most}, so that nothing fits"
            raise mistake(what, "write the smaller one as least")
        return self

    def read(self, said: str, people: People) -> str:
        """What the job gets for what was said. Raises ValueError with what is wrong."""
        if "\0" in said:
            raise ValueError("has a zero byte")
        if len(said) > _LONGEST:
            raise ValueError(f"is longer than {_LONGEST} characters")
        return _READ[self.type](self, said, people)


def _shown(said: str) -> str:
    """What was said, as an answer repeats it."""
    return f"“{one_line(said, 60)}”"


def _text(_: Parameter, said: str, __: People) -> str:
    return said


def _choice(options: Parameter, said: str, _: People) -> str:
    found = [one for one in options.choices if one.casefold() == said.strip().casefold()]
    if not found:
        raise ValueError(f"{_shown(said)} is none of {', '.join(options.choices)}")
    return found[0]


def _integer(options: Parameter, said: str, _: People) -> str:
    text = said.strip()
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise ValueError(f"{_shown(said)} is no whole number")
    number = int(text)
    if options.least is not None and number < options.least:
        raise ValueError(f"{number} is less than {options.least}")
    if options.most is not None and number > options.most:
        raise ValueError(f"{number} is more than {options.most}")
    return str(number)


def _regexp(options: Parameter, said: str, _: People) -> str:
    assert options.pattern is not None
    if not options.pattern.fullmatch(said):
        raise ValueError(f"{_shown(said)} does not match {options.pattern.text}")
    return said


def _person(_: Parameter, said: str, people: People) -> str:
    try:
        return people.find(said.strip().removeprefix("@")).name
    except NoMatch as error:
        raise ValueError(str(error)) from None


def _url(_: Parameter, said: str, __: People) -> str:
    text = said.strip()
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        fine = None
    if not fine or any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError(f"{_shown(text)} is no http:// or https:// address")
    return text


_READ = {"text": _text, "choice": _choice, "integer": _integer, "regexp": _regexp,
         "person": _person, "url": _url}  # fmt: skip


def _short(value: Any) -> Any:
    """`count: integer`, `where: [staging, production]`."""
    if isinstance(value, str):
        return {"type": value}
    if isinstance(value, list):
        return {"type": "choice", "choices": value}
    return value


ParameterOption = Annotated[Parameter, BeforeValidator(_short), Field()]
