"""The config's section `doctor`."""

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
