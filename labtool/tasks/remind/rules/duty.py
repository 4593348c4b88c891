"""`kind: duty`: who is down for a duty is reminded of it; the backup, where they are away."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import Moment, TimedRule, ask, compose
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.who import Target

_TEXT = (
    "Hi {{ person.first_name }}! You are down for: {{ duty.task }}."
    "{% if duty.note %} {{ duty.note }}{% endif %}"
)
_FOR_MEETING = (
    "Hi {{ person.first_name }}! You are down for: {{ duty.task }}, for the meeting"
    " {{ when_word(meeting.date) }} ({{ meeting.date | date }}"
    "{% if meeting.time %}, {{ meeting.time }}{% endif %})."
    "{% if duty.note %} {{ duty.note }}{% endif %}"
)


class Options(TimedRule):
    """Reminds the main person of `duty`, a task of the duties sheet."""

    kind: Literal["duty"]
    duty: str = Field(min_length=1, description="A task of the duties sheet")
    text: Text | None = Field(
        default=None, description="Default: names the duty, and the meeting that `when` counts from"
    )

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message for each person who is to do it."""
        yield from compose(moment, ask(moment, self.targets()), self._template, self.subject)

    def targets(self) -> tuple[Target, ...]:
        """Whoever has the duty."""
        return (Target("duty", self.duty),)

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self._template}

    @property
    def _template(self) -> Text:
        return self.text or (_FOR_MEETING if self.when.around_meeting else _TEXT)
