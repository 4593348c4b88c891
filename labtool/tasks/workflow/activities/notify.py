"""`notify`: a message to a channel, people, a role, a mail address."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from labtool.core.config.types import Words
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.activities._telling import tell
from labtool.tasks.workflow.values import fill, names


class Options(ActivityOptions):
    """A message. Sent once, however often the step is tried; anew in a run that is begun again
    before it."""

    to: Words = Field(min_length=1, description="#channel, a name, a role, a mail address")
    text: str = Field(min_length=1)
    subject: str = Field(default="", description="Of the mail; default: workflow and step")

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "text", names(self.text)
        yield "subject", names(self.subject)

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's."""
        subject = fill(self.subject, context.values) or f"{context.workflow}: {context.step}"
        key = f"workflow:{context.run}:{context.step}:{context.since}"
        tell(context.config, key, self.to, fill(self.text, context.values), subject)
        return {}
