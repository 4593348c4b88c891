"""What a kind of instrument is made of."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, Section, Words, mistake, show_duration
from labtool.tasks.instruments.events import Parser

_HOUR = r"^(([01]\d|2[0-3]):[0-5]\d)?$"


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://\S+", text):
        raise mistake(
            f"{text!r} is not a server's address",
            "write http:// or https:// before it: http://lab.example.org:8080",
        )
    return text


def _hour(text: str) -> str:
    if not re.fullmatch(_HOUR, text):
        raise mistake(f"{text!r} is not a time of day", 'write hours and minutes: "18:00"')
    return text


def _beat(every: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= every <= timedelta(hours=1):
        raise mistake(
            f"{show_duration(every)} is no time between signs of life",
            "write 1s to 1h, such as 30s",
        )
    return every


class InstrumentOptions(Section):
    """The options that every kind has. Those of the machine beside the instrument (`logs`,
    `server`, `token`) and those of the server may stand in two files."""

    # Only the newest log is written to; otherwise any may grow.
    newest_alone: ClassVar[bool] = False

    kind: str
    name: str = Field(default="", description="As people call it; default: its key")
    logs: str = Field(default="", description="Beside the instrument: where its logs are")
    server: Annotated[
        str,
        AfterValidator(_address),
        WithJsonSchema({"type": "string", "pattern": r"^(https?://\S+)?$"}),
    ] = Field(default="", description="Where states go; default: here")
    token: Secret | None = Field(default=None, description="The server's serve.tokens has it too")
    timestamp: Words = Field(
        default=(),
        description="How times are written, as of strptime; default: ISO 8601, and US's",
    )
    heartbeat: Annotated[Duration, AfterValidator(_beat)] = Field(
        default=timedelta(seconds=30), description="How often --follow says that all is well"
    )
    spool: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        default=200_000,
        description="About how many changes wait for the server before the log itself does",
    )
    channel: str = Field(default="", description="On the server: who hears of its alerts")
    tell_waiting: Duration = Field(
        default=timedelta(minutes=5), description="How long it may wait for a person in silence"
    )
    tell_idle: Duration = Field(
        default=timedelta(hours=2), description="How long it may be left on and idle in silence"
    )
    tell_silent: Duration = Field(
        default=timedelta(minutes=10), description="How long its machine may be silent"
    )
    closing: Annotated[
        str, AfterValidator(_hour), WithJsonSchema({"type": "string", "pattern": _HOUR})
    ] = Field(
        default="", description="When the lab closes, 18:00: what is idle then is told of at once"
    )
    home: Words = Field(default=(), description="Whose Slack Home tab shows it")

    def is_near(self, name: str, current: str, now: datetime) -> bool:
        """Whether the log of this earlier name was begun after the current one all the same, as
        a clock was set back; where only the newest grows."""
        return False

    @abstractmethod
    def parser(self) -> Parser:
        """What makes events of rows."""

    @abstractmethod
    def files(self) -> Sequence[Path]:
        """The logs that are there, oldest first. Raises OSError where the folder cannot be
        read."""
