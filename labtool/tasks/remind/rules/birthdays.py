"""`kind: birthdays`: a wish to each person on the day, and one to the channel naming all."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from labtool.core.messages import Recipient
from labtool.core.people import Person
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import Moment, RuleOptions, compose
from labtool.tasks.remind.section import Channel, Remind
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.when import Occasion
from labtool.tasks.remind.who import Asked


class Options(RuleOptions):
    """Wishes a happy birthday; never a day late."""

    kind: Literal["birthdays"]
    channel: Channel | None = None
    text: Text = "Happy birthday, {{ person.first_name }}! All the best from {{ lab }}."
    channel_text: Text = "Happy birthday to {{ celebrating | mentions }}!"

    def occasion(self, day: date, section: Remind, data: LabData) -> Occasion | None:
        """When somebody in the lab has birthday."""
        if not data.birthdays_on(day, leap_day_on=section.leap_day_on):
            return None
        return Occasion(day.isoformat(), day, late_until=day)

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message to each person, one to the channel."""
        leap_day_on = moment.section.leap_day_on
        people = moment.data.birthdays_on(moment.due, leap_day_on=leap_day_on)
        extra = {"celebrating": people}
        each = [Asked(Recipient("person", person.key), person) for person in people]
        yield from compose(moment, each, self.text, self.subject, extra=extra)
        channel = Asked(Recipient("channel", self.channel or moment.section.channel))
        yield from compose(moment, [channel], self.channel_text, self.subject, extra=extra)

    def texts(self) -> Mapping[str, str]:
        """Both texts."""
        return {"text": self.text, "channel_text": self.channel_text}

    def extra_values(self) -> Mapping[str, Any]:
        """Whose birthday it is."""
        return {"celebrating": [Person("ann", "Ann Lee")]}
