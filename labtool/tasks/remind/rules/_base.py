"""What every kind of rule is, and how one becomes messages."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from labtool.core.config.types import Section, mistake
from labtool.core.messages import Message, Recipient
from labtool.tasks.remind.conditions import Conditions
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.meetings import Meeting
from labtool.tasks.remind.plan import Planned, SlidesRequest, Trouble
from labtool.tasks.remind.section import Line, Remind
from labtool.tasks.remind.texts import Text, TextError, render
from labtool.tasks.remind.values import about, personal
from labtool.tasks.remind.when import Occasion, Timing, When
from labtool.tasks.remind.who import Asked, Question, Target, resolve


@dataclass(frozen=True, slots=True)
class Moment:
    """One rule on one occasion: `due` is the day it fires, `today` the day it is read,
    which is later for what was missed. `said` tells by its key whether a message was
    accepted before: its text is not written again."""

    rule: str
    kind: str
    section: Remind
    data: LabData
    due: date
    today: date
    occasion: Occasion
    said: Callable[[str], bool]
    late: bool | None = None

    @property
    def useful_until(self) -> date | None:
        """The last day on which saying it makes sense; None for no such day."""
        if self.late is None:
            return self.occasion.late_until
        return None if self.late else max(self.due, self.today)

    def key(self, to: Recipient) -> str:
        """What the message to a recipient is: the rule, who, and for which period."""
        return f"remind:{self.rule}:{to}:{self.occasion.period}"

    @property
    def meeting(self) -> Meeting | None:
        """The meeting that the rule is about: the one it counts from, or the next one
        within a week."""
        return self.occasion.meeting or self.data.meetings.upcoming(self.due)

    def question(self) -> Question:
        """What the recipients are looked up with: who is asked must be here today and at
        the meeting that the rule counts from."""
        meeting = self.occasion.meeting
        busy = (self.today, meeting.date) if meeting else (self.today,)
        return Question(self.rule, self.data, self.today, busy, self.meeting)


class RuleOptions(Section):
    """The base of every kind's options."""

    kind: str
    late: bool | None = Field(
        default=None,
        description="Whether it is still said after a missed day; default: while it makes sense",
    )
    subject: Line = Field(default="", description="Of mails; default: the rule's name")

    @abstractmethod
    def occasion(self, day: date, section: Remind, data: LabData) -> Occasion | None:
        """What there is to say on a day, cheaply; None when there is nothing."""

    @abstractmethod
    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """The messages of an occasion, and what is in the way of others."""

    def targets(self) -> tuple[Target, ...]:
        """Whom it can ask."""
        return ()

    def needs(self) -> frozenset[str]:
        """The sheets without which it cannot say anything: `duties`, `meetings`."""
        asks_duty = any(target.kind in ("duty", "backup") for target in self.targets())
        return frozenset({"duties"} if asks_duty else ())

    def texts(self) -> Mapping[str, str]:
        """Its templates by option, for `labtool check`."""
        return {}

    def extra_values(self) -> Mapping[str, Any]:
        """Samples of the values that only this kind's texts have, for `labtool check`."""
        return {}


class TimedRule(RuleOptions):
    """A rule with a `when` and an `if`."""

    when: When
    if_: Conditions = Field(default=(), alias="if")

    def occasion(self, day: date, section: Remind, data: LabData) -> Occasion | None:
        """When it is time, and its conditions hold."""
        del section
        found = self.when.occasion(day, data.meetings)
        if found is None or not self._wanted(found.meeting, day, data):
            return None
        return found

    def needs(self) -> frozenset[str]:
        """The meetings too, where it counts from them or has conditions on them."""
        asks_meetings = self.when.around_meeting or self.if_
        return super().needs() | frozenset({"meetings"} if asks_meetings else ())

    def _wanted(self, meeting: Meeting | None, day: date, data: LabData) -> bool:
        around = self.when.around_meeting
        if not self.if_:
            return not around or (meeting is not None and meeting.takes_place)
        subject = meeting or data.meetings.upcoming(day)
        return any(one.holds(subject, around_meeting=around) for one in self.if_)


def _counts_from_meetings(timing: Timing) -> Timing:
    if not timing.around_meeting:
        raise mistake(f"{str(timing)!r} does not count from meetings", "write 1 day before meeting")
    return timing


MeetingWhen = Annotated[When, AfterValidator(_counts_from_meetings)]


def ask(moment: Moment, targets: Iterable[Target]) -> Iterator[Asked | Trouble]:
    """The recipients of all targets."""
    question = moment.question()
    for target in targets:
        yield from resolve(target, question)


def compose(
    moment: Moment,
    recipients: Iterable[Asked | Trouble],
    template: Text,
    subject: str,
    *,
    extra: Mapping[str, Any] | None = None,
    slides: SlidesRequest | None = None,
) -> Iterator[Planned | Trouble]:
    """One message for each recipient; a text that cannot be written is a trouble."""
    asked: dict[str, Asked] = {}
    for found in recipients:
        if isinstance(found, Trouble):
            yield found
        else:
            asked.setdefault(str(found.to), found)
    group = [one.person for one in asked.values() if one.person]
    unsaid = [one for one in asked.values() if not moment.said(moment.key(one.to))]
    if not unsaid:
        return
    common = about(moment.section, moment.data, moment.today, moment.meeting) | dict(extra or {})
    for one in unsaid:
        try:
            said = _text(template, personal(common, one, group), one)
        except TextError as error:
            yield Trouble(
                moment.rule,
                "bad_text",
                f"the text cannot be written: {error}",
                f"remind.rules.{moment.rule}",
                "mend it, then: labtool check",
            )
            return
        message = Message(
            key=moment.key(one.to),
            to=one.to,
            text=said,
            until=moment.occasion.ends + timedelta(days=moment.section.catch_up_days),
            useful_until=moment.useful_until,
            subject=subject or moment.rule.replace("-", " ").capitalize(),
        )
        yield Planned(moment.rule, moment.kind, moment.occasion.period, moment.due, message, slides)


def _text(template: str, values: Mapping[str, Any], asked: Asked) -> str:
    said = render(template, values)
    if not said:
        raise TextError("it comes out empty")
    if asked.instead_of and "instead_of" not in template:
        said += f"\n{asked.instead_of}"
    return said
