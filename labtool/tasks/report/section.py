"""The config's section `doctor`."""

from pydantic import Field

from labtool.core.config.types import Section, Words


class Doctor(Section):
    """What the machine is held against."""

    ntp: Words = Field(default=("pool.ntp.org",), description="Time servers, HOST or HOST:PORT")
