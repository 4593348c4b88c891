"""`kind: flash-slides`: everybody's slides for a meeting in one presentation, copied from a
template, shared with the lab and linked in the channel."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from labtool.core import text
from labtool.core.config.types import Words
from labtool.core.messages import Recipient
from labtool.core.people import Person
from labtool.tasks.remind.plan import Planned, SlidesRequest, Trouble
from labtool.tasks.remind.rules._base import MeetingWhen, Moment, TimedRule, compose
from labtool.tasks.remind.section import Channel
from labtool.tasks.remind.texts import Text, TextError, render
from labtool.tasks.remind.values import about
from labtool.tasks.remind.when import parse
from labtool.tasks.remind.who import Asked


class Options(TimedRule):
    """Copies `template` the day before a meeting and says where the copy is."""

    kind: Literal["flash-slides"]
    when: MeetingWhen = parse("1 day before meeting")
    template: str = Field(min_length=1, description="Path of the file to copy, or its Drive id")
    folder: str = Field(default="", description="Where copies go: a path, or a Drive folder's id")
    drive: bool = Field(default=False, description="Whether template is on Google Drive")
    share_with: Words = Field(default=("all",), description="all, or roles; they may edit it")
    title: Text = "Flash slides {{ meeting.date | iso }}"
    channel: Channel | None = None
    text: Text = (
        "Slides for {{ meeting.type }} {{ when_word(meeting.date) }}: {{ slides }}. "
        "Please add yours before it begins."
    )

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message to the channel, to be sent when the copy is there."""
        to = Asked(Recipient("channel", self.channel or moment.section.channel))
        if moment.said(moment.key(to.to)):
            return
        common = about(moment.section, moment.data, moment.today, moment.meeting)
        try:
            title = text.one_line(text.plain(render(self.title, common)), 120)
        except TextError as error:
            yield Trouble(
                moment.rule,
                "bad_text",
                f"the title cannot be written: {error}",
                f"remind.rules.{moment.rule}.title",
                "mend it, then: labtool check",
            )
            return
        people = self._writers(moment)
        if not people:
            yield Trouble(
                moment.rule,
                "nobody",
                "there is nobody to share the slides with",
                f"remind.rules.{moment.rule}.share_with",
                "write all, or a role of people who are in the lab now",
            )
        slides = SlidesRequest(
            key=f"remind:{moment.rule}:{moment.occasion.period}",
            title=title,
            template=self.template,
            folder=self.folder,
            drive=self.drive,
            share=tuple(person.key for person in people),
        )
        extra = {"slides": slides.place_link()}
        yield from compose(moment, [to], self.text, self.subject, extra=extra, slides=slides)

    def _writers(self, moment: Moment) -> list[Person]:
        people = moment.data.people
        if "all" in self.share_with:
            return [person for person in people.everyone if person.active(moment.today)]
        found = (
            person for role in self.share_with for person in people.with_role(role, moment.today)
        )
        return list({person.key: person for person in found}.values())

    def texts(self) -> Mapping[str, str]:
        """The copy's title, and the text."""
        return {"title": self.title, "text": self.text}

    def extra_values(self) -> Mapping[str, Any]:
        """The link."""
        return {"slides": text.link("https://example.org/slides", "Flash slides")}
