"""The config's sections `doctor` and `report`."""

from typing import Annotated

from pydantic import Field

from labtool.core.config.types import Section, Words


class Doctor(Section):
    """What the machine is held against."""

    ntp: Words = Field(default=("pool.ntp.org",), description="Time servers, HOST or HOST:PORT")
    hosts: tuple[Annotated[str, Field(pattern=r"^https?://")], ...] = Field(
        default=(),
        description="Web servers whose Date counts where no time server answers; default: Slack's",
    )


class Report(Section):
    """The weekly report: who gets it, and who is asked what is new."""

    to: Words = Field(
        default=(), description="Names, mail addresses and #channels; default: the admins"
    )
    online: bool = Field(default=False, description="Ask the package index for updates too")
    index: str = Field(
        default="https://pypi.org/pypi",
        pattern=r"^https?://\S+$",
        description="The package index: NAME/json below it",
    )
