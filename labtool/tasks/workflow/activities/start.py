"""`start`: another workflow begins; with `wait`, this run goes on once that one has ended well."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities._base import ActivityOptions, Context, Waits
from labtool.tasks.workflow.values import fill, names

_WHOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Options(ActivityOptions):
    """Which, and with what."""

    short: ClassVar[str] = "workflow"

    workflow: str
    input: dict[str, Any] = Field(default_factory=dict, description="Its names, and {names} here")
    wait: bool = False
    save: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
                             description="The id of its run, under this name")  # fmt: skip

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        for value in self.input.values():
            if isinstance(value, str):
                yield "input", names(value)

    def saves(self) -> Sequence[str]:
        """As every activity's."""
        return (self.save,) if self.save else ()

    def starts(self) -> Sequence[tuple[str, Collection[str]]]:
        """As every activity's."""
        return ((self.workflow, self.input.keys()),)

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's."""
        given = {name: _filled(value, context.values) for name, value in self.input.items()}
        # Of a run that was begun again from an earlier step, another one.
        key = f"step:{context.run}:{context.step}:{context.since}"
        ident = context.runs.start(self.workflow, given, key, context.run)
        if self.wait:
            state, why = context.runs.state(ident)
            if state in ("queued", "running", "waiting"):
                raise Waits(f"run:{ident}", f"waits for {ident}")
            if state != "completed":
                fix = f"see: labtool workflow show {ident}"
                raise Failed(f"{ident} {state}{f': {why}' if why else ''}", fix=fix, code="child")
        return {self.save: ident} if self.save else {}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A name that stands alone keeps what it is: a number, a list."""
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    return values[whole[1]] if whole else fill(value, values)
