"""The config's sections `doctor` and `report`."""

from pydantic import Field

from labtool.core.config.types import Section, Words


class Doctor(Section):
    """What the machine is held against."""

    ntp: Words = Field(default=("pool.ntp.org",), description="Time servers, HOST or HOST:PORT")


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
