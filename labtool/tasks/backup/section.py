"""The config's section `backup`: what is saved, where to, how long it stays."""

import os
import re
import socket
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from labtool.core.config.kinds import Kinds
from labtool.core.config.secrets import Secret, SecretDocument
from labtool.core.config.types import Duration, OneOrMore, Section, Slug, Words, mistake
from labtool.tasks.backup.retention import Keep
from labtool.tasks.backup.shelves.patterns import hidden, unfit
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
# Of age's own keys, and of SSH's that age takes: github.com/C2SP/C2SP/blob/main/age.md
Recipient = Annotated[str, Field(pattern=r"^(age1[a-z0-9]{50,70}|ssh-(rsa|ed25519) \S+.*)$")]
# The place of what is in restic's repositories.
RESTIC = "restic"


class Mysql(Section):
    """A database of MariaDB or MySQL."""

    database: str = Field(min_length=1)
    option_file: str = Field(default="", description="[client] with user= and password=")
    restore_option_file: str = Field(
        default="", description="Of an account that may write; default: option_file"
    )
    drill_option_file: str = Field(
        default="",
        description="Of an account for drills alone; default: one that each drill makes for itself",
    )


class Postgresql(Section):
    """A database of PostgreSQL."""

    database: str = Field(min_length=1)
    host: str = Field(default="", description="Default: the local socket")
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    user: str = ""
    passfile: str = Field(default="", description="HOST:PORT:DATABASE:USER:PASSWORD, chmod 600")
    restore_user: str = Field(
        default="", description="An account that may create databases; default: user"
    )
    drill_user: str = Field(
        default="",
        description="An account for drills alone; default: one that each drill makes for itself",
    )


class Set(Section):
    """What is saved together: files and folders, databases, the configuration of programs."""

    paths: Words = ()
    exclude: Words = Field(default=(), description="As in .gitignore, below each path")
    mysql: Mysql | None = None
    postgresql: Postgresql | None = None
    sqlite: Words = Field(default=(), description="Files, copied by SQLite while others write")
    configuration: Annotated[
        tuple[Literal["apache2", "nginx", "labtool"], ...],
        OneOrMore(),
        Field(description="Of these programs; labtool: this config and the state"),
    ] = ()
    to: Words = ()
    min_files: Annotated[int, Field(ge=0)] = Field(
        default=1, description="With fewer there is no backup, and an admin hears"
    )
    min_bytes: Annotated[int, Field(ge=0)] = 0
    shrink: Percent = Field(
        default=None, description="How much smaller than the last one it may be, such as 50%"
    )
    compress: Compression = "zstd"
    level: Annotated[int, Field(ge=1, le=19)] = 3
    encrypt: Annotated[
        tuple[Recipient, ...], OneOrMore(), Field(description="age recipients, who read it")
    ] = ()
    engine: Literal["tar", "restic"] = "tar"
    repository: str = Field(
        default="", description="Of restic; in a password, %40 is @, %23 is #, %2F is /"
    )
    password: Secret | None = Field(default=None, description="Of the restic repository")
    environment: dict[str, Secret] = Field(
        default_factory=dict, description="Of restic, such as AWS_SECRET_ACCESS_KEY"
    )
    keep: Keep | None = Field(default=None, description="Default: that of the destination")
    max_age: Duration | None = Field(default=None, description="Default: that of backup:")
    before: tuple[Command, ...] = Field(default=(), description="Programs; one that fails ends it")
    after: tuple[Command, ...] = Field(default=(), description="Programs, after a good one")
    on_error: tuple[Command, ...] = Field(default=(), description="Programs, after any other")

    @model_validator(mode="after")
    def _of_one_engine(self) -> "Set":
        other = self.mysql or self.postgresql or self.sqlite or self.configuration
        if self.engine == "restic":
            if not self.repository or self.password is None or not self.paths:
                raise mistake("restic needs more", "write paths:, repository: and password:")
            for pattern in self.exclude:
                if unfit(pattern):
                    what = f"exclude: {pattern!r} is nothing that restic can do"
                    raise mistake(what, "leave it out, or use engine: tar")
            if path := hidden(self.exclude, [os.path.normpath(one) for one in self.paths]):
                what = f"exclude: is one for {path} and for the path that it is in, to restic"
                raise mistake(what, "make a set of its own of it, or use engine: tar")
            if other or self.to or self.encrypt:
                what = "restic saves paths to its repository"
                raise mistake(what, "leave out to:, encrypt:, databases and configuration:")
            return self
        if self.repository or self.password or self.environment:
            raise mistake("repository: is restic's", "write engine: restic, or to: DESTINATION")
        if not self.paths and not other:
            raise mistake("names nothing", "write paths:, mysql:, postgresql: or sqlite:")
        if not self.to:
            raise mistake("names no destination", "write to: and one of backup.destinations")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """Where its backups are."""
        return (RESTIC,) if self.engine == "restic" else self.to


class Backup(Section):
    """What is saved, where to, how long it stays."""

    sets: dict[Slug, Set] = Field(default_factory=dict)
    destinations: dict[Slug, Annotated[Any, Kinds("labtool.tasks.backup.destinations")]] = Field(
        default_factory=dict
    )
    identity: SecretDocument | None = Field(
        default=None, description="age's, to read what is encrypted; not needed to save it"
    )
    scratch: str = Field(default="", description="A folder for drills; default: in the state")
    host: str = Field(
        default="",
        max_length=200,
        description="What this machine's backups are known by; default: its name",
    )
    keep: Keep = Field(default_factory=Keep)
    max_age: Duration = Field(
        default=timedelta(days=8), description="An older newest copy is told to the admins"
    )

    @model_validator(mode="after")
    def _to_what_is_there(self) -> "Backup":
        if RESTIC in self.destinations:
            raise mistake("a destination is called restic", "call it otherwise: it is an engine")
        folders: dict[str, str] = {}
        for name, one in self.destinations.items():
            path = os.path.normpath(one.path) if one.kind == "local" else name
            if path in folders:
                what = f"destinations {folders[path]} and {name} are the same folder"
                raise mistake(what, "one copy is no two: name another folder")
            folders[path] = name
        for name, one in self.sets.items():
            if len(set(one.to)) != len(one.to):
                raise mistake(f"sets.{name}.to names one twice", "name each destination once")
            for to in one.to:
                if to not in self.destinations:
                    known = ", ".join(self.destinations)
                    raise mistake(f"sets.{name}.to names {to!r}", f"write one of {known}")
        return self

    @property
    def machine(self) -> str:
        """What this machine's backups are known by."""
        return self.host or socket.gethostname()

    def keep_of(self, name: str, destination: str) -> Keep:
        """How long a set's backups stay at a destination."""
        own = self.sets[name].keep
        if own or destination == RESTIC:
            return own or self.keep
        return self.destinations[destination].keep or self.keep

    def max_age_of(self, name: str) -> timedelta:
        """How old a set's newest copy may be."""
        return self.sets[name].max_age or self.max_age
