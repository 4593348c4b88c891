"""What `labtool doctor` finds: the nouns that the probes of all tasks share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from labtool.core.config import Config
from labtool.core.database import Database


@dataclass(frozen=True, slots=True)
class Finding:
    """How something is, and what to do where it is not well. `mend` does what is safe, and says
    what it has done; it may raise LabtoolError and OSError."""

    state: Literal["ok", "warn", "bad"]
    about: str
    what: str
    fix: str = ""
    mend: Callable[[], str] | None = None

    @property
    def advice(self) -> str:
        """What to do, or to let `labtool doctor` do."""
        own = "labtool doctor --fix" if self.mend else ""
        return ", or ".join(one for one in (self.fix, own) if one)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at, and when (UTC): the config, with all its `sections` and what it wants
    to be `staying` in the foreground; the database is a copy where nothing may change."""

    config: Config
    database: Database
    now: datetime
    sections: Sequence[BaseModel] = ()
    staying: Mapping[str, str] = field(default_factory=dict)


Probe = Callable[[Patient], Iterable[Finding]]
