"""`kind: duty`: who is down for a duty is reminded of it; the backup, where they are away."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import Moment, TimedRule, ask, compose
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.who import Target


class Options(TimedRule):
    """Reminds the main person of `duty`, a task of the duties sheet."""

    kind: Literal["duty"]
    duty: str = Field(min_length=1, description="A task of the duties sheet")
    text: Text = (
        "Hi {{ person.first_name }}! You are down for: {{ duty.task }}."
        "{% if duty.note %} {{ duty.note }}{% endif %}"
    )

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message for each person who is to do it."""
        yield from compose(moment, ask(moment, self.targets()), self.text, self.subject)

    def targets(self) -> tuple[Target, ...]:
        """Whoever has the duty."""
        return (Target("duty", self.duty),)

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self.text}
