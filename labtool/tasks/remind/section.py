"""The `remind` section of the config."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from labtool.core.config.kinds import Kinds
from labtool.core.config.types import Duration, Section, Weekday, mistake
from labtool.tasks.remind.words import is_time

_RULE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_CHANNEL = re.compile(r"#\S{1,80}|[CGD][A-Z0-9]{6,20}")


def is_channel(text: str) -> bool:
    """Whether it is a channel: `#name`, or an id of Slack's."""
    return _CHANNEL.fullmatch(text) is not None


def _rule_name(value: Any) -> Any:
    if not isinstance(value, str) or not _RULE_NAME.fullmatch(value):
        fix = "write small letters, digits and dashes, such as lab-outing"
        raise mistake(f"{value!r} is not a name for a rule", fix)
    return value


def _channel(value: Any) -> Any:
    if not isinstance(value, str) or not is_channel(value):
        raise mistake(f"{value!r} is not a channel", 'write it as "#general", in quotes')
    return value


def _time(value: str) -> str:
    if not is_time(value):
        raise mistake(f"{value!r} is not a time of day", 'write "9:30" or "14:00"')
    return value


RuleName = Annotated[str, BeforeValidator(_rule_name)]
Channel = Annotated[str, BeforeValidator(_channel)]
Line = Annotated[str, StringConstraints(max_length=200)]
Time = Annotated[Line, AfterValidator(_time)]


class UsualMeeting(Section):
    """What holds for meetings whose row says nothing else."""

    weekday: Weekday | None = Field(
        default=None, description="Default: the sheet's, or that of most of its rows"
    )
    start: Time = ""
    end: Time = ""
    place: Line = ""


class Remind(Section):
    """What the lab is reminded of."""

    channel: Channel = Field(default="#general", description="Where announcements go")
    catch_up: Duration = Field(
        default=timedelta(days=2), description="How long what was missed is still said"
    )
    meeting: UsualMeeting = UsualMeeting()
    types: dict[str, Line] = Field(
        default={
            "GM": "Group meeting",
            "JC": "Journal Club",
            "ES": "Eterna Special",
            "FS": "Flash Slides",
            "N/A": "No meeting",
        },
        description="What the type codes of the meetings sheet stand for",
    )
    duties: str = Field(default="", description="Name of the sheet; default: duties")
    meetings: str = Field(default="", description="Name of the sheet; default: meetings")
    absences: str = Field(default="", description="Name of the sheet; default: absences")
    absences_calendar: str = Field(default="", description="Path or URL of an ICS calendar")
    birthday_29_february: Literal["28 february", "1 march"] = Field(
        default="28 february", description="When it is kept in years without one"
    )
    rules: dict[RuleName, Annotated[Any, Kinds("labtool.tasks.remind.rules")]] = Field(default={})

    @property
    def leap_day_on(self) -> tuple[int, int]:
        """Month and day on which 29 February is kept in years without one."""
        return (2, 28) if self.birthday_29_february == "28 february" else (3, 1)

    @property
    def catch_up_days(self) -> int:
        """How many days back missed reminders are looked for."""
        return min(self.catch_up.days, 60)

    def type_name(self, code: str) -> str:
        """What a type code stands for; itself if nothing."""
        if code in self.types:
            return self.types[code]
        named = (name for key, name in self.types.items() if key.casefold() == code.casefold())
        return next(named, code or "Meeting")
