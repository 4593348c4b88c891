"""The config's section `instruments`: `NAME: {kind: KIND, ...}` for each."""

from typing import Annotated, Any

from pydantic import Field, RootModel

from labtool.core.config.kinds import Kinds
from labtool.core.config.types import Slug
from labtool.tasks.instruments.kinds._base import InstrumentOptions

KINDS = "labtool.tasks.instruments.kinds"
_Instrument = Annotated[Any, Kinds(KINDS)]


class Instruments(RootModel[dict[Slug, _Instrument]]):
    """The instruments by their key."""

    root: dict[Slug, _Instrument] = Field(default_factory=dict)

    @property
    def stays(self) -> bool:
        """Whether there are logs here, to be followed."""
        return any(options.logs for options in self.root.values())

    def all(self) -> dict[str, InstrumentOptions]:
        """Each, by its key."""
        return self.root
