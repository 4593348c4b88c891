"""`kind: announcement`: the channel hears of the meeting, or that there is none and why.

Where the sheet is out of date it says nothing: see `outdated_sheet.py`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from labtool.core.messages import Recipient
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import MeetingWhen, Moment, RuleOptions, ask, compose
from labtool.tasks.remind.section import Channel, Remind
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.when import Occasion, parse
from labtool.tasks.remind.who import Asked, Target

_TEXT = """
{% if meeting.off %}
No meeting {{ when_word(meeting.date) }} ({{ meeting.date | date }})
{%- if meeting.note %}: {{ meeting.note }}{% endif %}.
{% else %}
{{ meeting.type }} {{ when_word(meeting.date) }} ({{ meeting.date | date }})
{%- if meeting.time %}, {{ meeting.time }}{% endif %}
{%- if meeting.place %}, {{ meeting.place }}{% endif %}.
{% if meeting.presenters %}Presenting: {{ meeting.mentions }}.
{% endif %}
{% if meeting.note %}{{ meeting.note }}
{% endif %}
{% endif %}
{% for next in coming %}
{{ next.date | date }}: {% if next.missing %}not in the sheet yet
{%- elif next.off %}no meeting{% if next.note %} ({{ next.note }}){% endif %}
{%- else %}{{ next.type }}{% if next.presenters %} by {{ next.mentions }}{% endif %}
{%- if next.note %} ({{ next.note }}){% endif %}{% endif %}.
{% endfor %}
"""


class Options(RuleOptions):
    """Announces this week's meeting and the next one to `channel`."""

    kind: Literal["announcement"]
    when: MeetingWhen = parse("1 day before meeting")
    channel: Channel | None = None
    text: Text = _TEXT

    def occasion(self, day: date, section: Remind, data: LabData) -> Occasion | None:
        """When the sheet can be trusted about a meeting."""
        del section
        found = self.when.occasion(day, data.meetings)
        if found is None or found.meeting is None:
            return None
        return None if data.meetings.outdated(found.meeting, data.as_of) else found

    def needs(self) -> frozenset[str]:
        """The meetings."""
        return super().needs() | {"meetings"}

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message to the channel. A presenter whom nobody knows is named all the same."""
        names = ask(moment, [Target("presenters")])
        yield from (found for found in names if isinstance(found, Trouble))
        to = Asked(Recipient("channel", self.channel or moment.section.channel))
        yield from compose(moment, [to], self.text, self.subject)

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self.text}
