"""What a kind of source is made of."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator

from labtool.core.config import Config
from labtool.core.config.types import Duration, Section, mistake
from labtool.core.errors import LabtoolError
from labtool.tasks.cache.balance import Look


@dataclass(frozen=True, slots=True)
class Question:
    """What a source is asked with: the config, the instant (UTC), the seconds that it has,
    what it remembered last time (cursors, ETags), and the data of its last answer. `name` is
    the source's; `progress` shows a person how far it is."""

    name: str
    config: Config
    now: datetime
    seconds: float
    memory: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Expiry:
    """A credential that runs out, and when (UTC)."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """Load balancers that whoever has a `duty` must hear of: the `looks` of this answer, and the
    `kinds` that could be looked at."""

    duty: str
    looks: tuple[Look, ...]
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered: `data` for the cache file, in the shape that its kind
    documents; `numbers` worth plotting, by series; what to remember for the next time; and
    the `problems` of parts of it, which the rest does without, and when its credential
    `expires`, if it does; and the balancers that are `watched`."""

    data: Any
    numbers: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[LabtoolError, ...] = ()
    expires: Expiry | None = None
    watched: Watched | None = None


class SourceOptions(Section):
    """The options that every kind has. `schema_version` is that of the shape of its data."""

    schema_version: ClassVar[int] = 1
    # Whether the names of its series may be seen by everybody, once it is public.
    public_history: ClassVar[bool] = True
    # The section of the config that it asks with, if it has no credentials of its own.
    needs: ClassVar[str] = ""

    kind: str
    every: Duration = Field(default=timedelta(minutes=30), description="Its beat")
    timeout: Duration = Field(default=timedelta(seconds=60), description="For all of it")
    public: bool = Field(default=False, description="Whether its page is everybody's to see")

    @field_validator("every", "timeout", check_fields=False)
    @classmethod
    def _lasts(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise mistake("is no time at all", "write one such as 15m")
        return value

    def missing(self, config: Config) -> str:
        """What the config does not have that it cannot do without; empty where it has all."""
        if self.needs and getattr(config.core, self.needs) is None:
            return f"has no {self.needs}:, which this kind is asked with"
        return ""

    def prepare(self) -> None:
        """Import what `fetch` needs. Sources are asked by many threads at once, and those can
        trip over one another's imports."""

    @abstractmethod
    def fetch(self, question: Question) -> Answer:
        """Ask the source. Runs in a thread of its own, and raises Failed or Temporary."""
