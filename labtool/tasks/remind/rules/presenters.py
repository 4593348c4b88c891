"""`kind: presenters`: who presents at a meeting is told what is expected by when."""

from collections.abc import Iterator, Mapping
from typing import Literal

from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import MeetingWhen, Moment, TimedRule, ask, compose
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.when import parse
from labtool.tasks.remind.who import Target


class Options(TimedRule):
    """Says `text` to each presenter of a meeting."""

    kind: Literal["presenters"]
    when: MeetingWhen = parse("7 days before meeting")
    text: Text = (
        "Hi {{ person.first_name }}! You present {{ when_word(meeting.date) }}"
        " ({{ meeting.type }})."
    )

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message for each presenter."""
        yield from compose(moment, ask(moment, self.targets()), self.text, self.subject)

    def targets(self) -> tuple[Target, ...]:
        """The meeting's presenters."""
        return (Target("presenters"),)

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self.text}
