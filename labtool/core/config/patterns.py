"""Regular expressions in a config, by RE2 (github.com/google/re2/wiki/Syntax): whatever the
expression, and whatever text somebody else writes, a search takes no longer than the text is long.
"""

from functools import cached_property
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from labtool.core.config.types import mistake


class Pattern:
    """A regular expression. Raises ValueError for one that is none, once it is used."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def compiled(self) -> Any:
        """RE2's own; its methods are those of `re`."""
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            return re2.compile(self.text, options)
        except re2.error as error:
            [why, *_] = error.args
            said = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
            raise ValueError(said) from None

    def search(self, text: str) -> Any:
        """The first match anywhere, as of `re`; None where there is none."""
        return self.compiled.search(_sane(text))

    def match(self, text: str) -> Any:
        """The match at the beginning."""
        return self.compiled.match(_sane(text))

    def fullmatch(self, text: str) -> Any:
        """The match of all of it."""
        return self.compiled.fullmatch(_sane(text))


def _sane(text: str) -> str:
    """Text as UTF-8 can say it: RE2 reads nothing else."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _pattern(value: Any) -> Pattern:
    if isinstance(value, Pattern):
        return value
    found = Pattern(str(value))
    try:
        found.compiled  # noqa: B018  (it is read to see whether it can be)
    except ValueError as error:
        what = f"{value!r} is not a regular expression ({error})"
        fix = "see github.com/google/re2/wiki/Syntax: it looks neither ahead nor back"
        raise mistake(what, fix) from None
    return found


Expression = Annotated[
    Pattern,
    PlainValidator(_pattern),
    PlainSerializer(lambda pattern: pattern.text),
    WithJsonSchema({"type": "string", "format": "regex"}),
]
