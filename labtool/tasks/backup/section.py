"""The config's section `backup`: what is saved, where to, how long it stays."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from labtool.core.config.kinds import Kinds
from labtool.core.config.types import Duration, Section, Slug, Words, mistake
from labtool.tasks.backup.retention import Keep
from labtool.tasks.backup.stream import Compression

_PERCENT = re.compile(r"(\d{1,3})\s*%")


def _percent(value: Any) -> Any:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    found = _PERCENT.fullmatch(str(value).strip())
    if not found or not 0 < int(found[1]) <= 100:
        raise mistake(f"{value!r} is not a share", "write one such as 50%")
    return int(found[1])


Percent = Annotated[
    int | None,
    BeforeValidator(_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}\s*%$"}),
]
Command = Annotated[tuple[str, ...], Field(min_length=1)]


class Set(Section):
    """Files and folders that are saved together."""

    paths: Annotated[Words, Field(min_length=1)]
    exclude: Words = Field(default=(), description="As in .gitignore, below each path")
    to: Annotated[Words, Field(min_length=1)]
    min_files: Annotated[int, Field(ge=0)] = Field(
        default=1, description="With fewer there is no backup, and an admin hears"
    )
    min_bytes: Annotated[int, Field(ge=0)] = 0
    shrink: Percent = Field(
        default=None, description="How much smaller than the last one it may be, such as 50%"
    )
    compress: Compression = "zstd"
    level: Annotated[int, Field(ge=1, le=19)] = 3
    keep: Keep | None = Field(default=None, description="Default: that of the destination")
    max_age: Duration | None = Field(default=None, description="Default: that of backup:")
    before: tuple[Command, ...] = Field(default=(), description="Programs; one that fails ends it")
    after: tuple[Command, ...] = Field(default=(), description="Programs, after a good one")
    on_error: tuple[Command, ...] = Field(default=(), description="Programs, after any other")


class Backup(Section):
    """What is saved, where to, how long it stays."""

    sets: dict[Slug, Set] = Field(default_factory=dict)
    destinations: dict[Slug, Annotated[Any, Kinds("labtool.tasks.backup.destinations")]] = Field(
        default_factory=dict
    )
    keep: Keep = Field(default_factory=Keep)
    max_age: Duration = Field(
        default=timedelta(days=8), description="An older newest copy is told to the admins"
    )

    @model_validator(mode="after")
    def _to_what_is_there(self) -> "Backup":
        for name, one in self.sets.items():
            for to in one.to:
                if to not in self.destinations:
                    known = ", ".join(self.destinations)
                    raise mistake(f"sets.{name}.to names {to!r}", f"write one of {known}")
        return self

    def keep_of(self, name: str, destination: str) -> Keep:
        """How long a set's backups stay at a destination."""
        return self.sets[name].keep or self.destinations[destination].keep or self.keep

    def max_age_of(self, name: str) -> timedelta:
        """How old a set's newest copy may be."""
        return self.sets[name].max_age or self.max_age
