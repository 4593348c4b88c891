"""`approve`: the run waits for a person's yes, by a button or `labtool workflow approve`. A no
ends the run well, as nothing has gone wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from labtool.core.config.types import Words
from labtool.core.messages import Button
from labtool.core.text import one_line
from labtool.tasks.workflow.activities._base import ActivityOptions, Context, Refused, Waits
from labtool.tasks.workflow.activities._telling import tell
from labtool.tasks.workflow.values import fill, names, text_of

ACTION = "workflow-approve"
# Characters of each value that are shown.
_SHOWN = 200


class Options(ActivityOptions):
    """A question."""

    short: ClassVar[str] = "text"

    text: str = Field(min_length=1, description="What they say yes to")
    by: Words = Field(default=(), description="Names and roles; default: everybody of the lab")
    to: Words = Field(default=(), description="Who is asked: as notify; default: by, or admins")

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "text", names(self.text)

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's."""
        decided = context.runs.decision(context.run, context.step)
        if decided is not None:
            yes, by = decided
            if not yes:
                raise Refused(f"{by} said no")
            return {}
        value = f"{context.run} {context.step}"
        buttons = (
            Button("Approve", ACTION, f"yes {value}", "primary"),
            Button("Refuse", ACTION, f"no {value}", "danger"),
        )
        asked = fill(self.text, {k: _shown(v) for k, v in context.values.items()})
        text = f"{asked}\n{context.workflow} waits: labtool workflow approve {context.run}"
        # Of a run that was begun again from an earlier step, another one.
        key = f"workflow:{context.run}:{context.step}:{context.since}:ask"
        subject = f"{context.workflow}: {context.step}"
        tell(context.config, key, self.to or self.by, text, subject, buttons)
        who = ", ".join(self.by) or "somebody"
        raise Waits(f"person:{context.step}", f"waits for {who} to approve")


def _shown(value: Any) -> str:
    return one_line(text_of(value), _SHOWN)
