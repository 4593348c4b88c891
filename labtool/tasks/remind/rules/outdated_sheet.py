"""`kind: outdated-sheet`: the admins hear that the meetings sheet is out of date, on the day
on which the meeting would have been announced."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from labtool.tasks.remind import words
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.meetings import Meeting
from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import MeetingWhen, Moment, RuleOptions, ask, compose
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.when import Occasion, parse
from labtool.tasks.remind.who import Target, Targets


class Options(RuleOptions):
    """Tells `to` that nothing was announced, and why."""

    kind: Literal["outdated-sheet"]
    when: MeetingWhen = parse("1 day before meeting")
    to: Targets = Field(default=(Target("admins"),))
    text: Text = (
        "The meetings sheet is out of date, so nothing was announced: {{ reason }}. "
        "Please add the meeting, or a row with N/A if there is none."
    )

    def occasion(self, day: date, section: Remind, data: LabData) -> Occasion | None:
        """When the sheet cannot be trusted about a meeting."""
        del section
        found = self.when.occasion(day, data.meetings)
        if found is None or found.meeting is None:
            return None
        return found if data.meetings.outdated(found.meeting, data.as_of) else None

    def needs(self) -> frozenset[str]:
        """The meetings."""
        return super().needs() | {"meetings"}

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message for each recipient."""
        extra = {"reason": _reason(moment.occasion.meeting, moment.data)}
        yield from compose(moment, ask(moment, self.to), self.text, self.subject, extra=extra)

    def targets(self) -> tuple[Target, ...]:
        """Those of `to`."""
        return self.to

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self.text}

    def extra_values(self) -> Mapping[str, Any]:
        """Why it is out of date."""
        return {"reason": "it has no row for the week of Monday 23 November"}


def _reason(meeting: Meeting | None, data: LabData) -> str:
    marked = data.meetings.marked
    if meeting and not meeting.missing and marked:
        return f"it marks {words.long_date(marked)} as this week's"
    return f"it has no row for the week of {words.long_date(meeting.date) if meeting else '?'}"
