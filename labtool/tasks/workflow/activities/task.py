"""`task`: one of labtool's own commands, as `labtool backup run site`, by the same config."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from shlex import quote, split
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities import run
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.values import names, text_of

# What labtool itself ends with where the config or the call is wrong.
_WRONG = 2


def _words(value: Any) -> Any:
    return split(value) if isinstance(value, str) else value


class Options(ActivityOptions):
    """The command's words; each may have `{names}`."""

    short: ClassVar[str] = "command"

    command: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]

    @cached_property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for word in self.command for name in names(word)))

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "command", self._names

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's."""
        for word in self.command:
            if word.startswith("{"):
                for name in names(word)[:1]:
                    if text_of(context.values[name]).startswith("-"):
                        what = f"{name} would be an option of labtool"
                        raise Failed(what, fix="write another word before it", code="option")
        program = (sys.executable, "-m", "labtool", "--config", str(context.config.path))
        command = " ".join([*map(quote, program), *map(_quoted, self.command)])
        options = run.Options(command=command, permanent=(_WRONG, 126, 127))
        return options.act(context)


def _quoted(word: str) -> str:
    """A word as bash has it, with its names as they are: the template's reader quotes those."""
    out, rest = "", word
    for name in names(word):
        before, _, rest = rest.partition(f"{{{name}}}")
        out += (quote(before) if before else "") + f"{{{name}}}"
    return out + (quote(rest) if rest or not out else "")
