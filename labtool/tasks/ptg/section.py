"""The config's section `ptg`, and the JSON config of older event bots."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Section, Words, mistake
from labtool.core.errors import ConfigError, Problem
from labtool.core.masking import conceal


def _channel(name: str) -> str:
    if name[:1] not in "#&" or len(name) < 2 or any(c in " ,\x07" for c in name):
        raise mistake(f"{name!r} is not a channel", 'write it in quotes, as in "#event"')
    return name


def _nick(name: str) -> str:
    if not name or name[0].isdigit() or name[0] == "-" or any(c in " ,:!@#&*?" for c in name):
        raise mistake(f"{name!r} is not a nick", "use letters, digits and - _ [ ] \\ ` ^ { | }")
    return name


Channels = Annotated[Words, AfterValidator(lambda names: tuple(_channel(name) for name in names))]


class Flood(Section):
    """How fast the bot may speak: `burst` lines at once, then one every `interval` seconds."""

    burst: Annotated[int, Field(ge=1, le=1000)] = 5
    interval: Annotated[float, Field(ge=0, le=60)] = Field(
        default=0.5, description="Seconds a line; 0: no limit"
    )


class Ptg(Section):
    """The event board: the bot on IRC and its database."""

    server: str = Field(default="", description="On IRC; without one there is only the board")
    port: Annotated[int, Field(gt=0, lt=65536)] = 6697
    tls: bool = True
    ca_file: str = Field(default="", description="Certificates to trust; default: the system's")
    nick: Annotated[str, AfterValidator(_nick)] = "eventbot"
    channels: Channels = Field(default=(), description="Where to be; quote them, # is a comment")
    account: str = Field(default="", description="At services; default: the nick")
    password: Secret | None = Field(default=None, description="Of services")
    login: Literal["sasl", "nickserv"] = Field(
        default="sasl", description="How the password is given"
    )
    identified_only: bool = Field(
        default=False, description="Take commands only from users identified to services"
    )
    database: str = Field(default="ptg.json", min_length=1)
    etherpads: str = Field(
        default="https://etherpad.opendev.org/p/{event}-{track}",
        description="Where a track's notes are, unless it says so; empty: nowhere",
    )
    prefix: str = Field(default="+", description="Before a command in the channel", max_length=3)
    help_url: str = ""
    flood: Flood = Flood()
    slack_operators: Words = Field(
        default=(), description="Names and roles of who is an operator in Slack (labtool slack-bot)"
    )
    fetch_allow: Words = Field(
        default=(), description="Hosts ~fetchdb may ask although they are private or loopback"
    )

    @property
    def stays(self) -> bool:
        """Whether the bot is wanted: a board may do without IRC."""
        return bool(self.server)

    @model_validator(mode="after")
    def _sensible(self) -> "Ptg":
        if self.server and not self.channels:
            raise mistake("channels names none", 'write channels: ["#event"]')
        if not self.prefix or self.prefix.strip() in ("", "#", "~") or self.prefix[0].isalnum():
            raise mistake(f"prefix {self.prefix!r} is none", "write a sign such as + or !")
        return self


_OLD_KEYS = {"nick": "irc_nick", "channels": "irc_channel", "server": "irc_server"}


@dataclass(frozen=True, slots=True)
class Old:
    """An old config as ours: `tls` is not said in it, and found out later; paths are relative to
    where the bot is started, as they were."""

    section: Ptg
    password: str
    database: Path


def read_old(path: Path) -> Old:
    """The JSON config of older event bots (`irc_nick`, `irc_pass`, `irc_server`,
    `irc_port`, `irc_channel`, `db_filename`). Raises ConfigError."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else f"is not JSON: {error}"
        raise ConfigError([Problem(str(path), str(why))]) from None
    if not isinstance(found, dict):
        raise ConfigError([Problem(str(path), "is not a JSON object")])
    problems = [
        Problem(str(path), "is missing", path=key)
        for key in ("irc_nick", "irc_server", "irc_channel")
        if not isinstance(found.get(key), str) or not found[key]
    ]
    try:
        port = int(found.get("irc_port") or 6697)
        if not 0 < port < 65536:
            raise ValueError
    except (ValueError, TypeError):
        problems.append(Problem(str(path), "is not a port", path="irc_port"))
    password = found.get("irc_pass") or ""
    if not isinstance(password, str):
        problems.append(Problem(str(path), "is not text", path="irc_pass"))
    if problems:
        raise ConfigError(problems)
    if password:
        conceal(password)
    channel = found["irc_channel"]
    try:
        section = Ptg.model_validate(
            {
                "server": found["irc_server"],
                "port": port,
                "nick": found["irc_nick"],
                "channels": [channel if channel[:1] in "#&" else f"#{channel}"],
            }
        )
    except ValidationError as error:
        raise ConfigError(
            [
                Problem(str(path), detail["msg"], path=_OLD_KEYS.get(str(detail["loc"][0]), ""))
                for detail in error.errors(include_url=False, include_input=False)
            ]
        ) from None
    return Old(section, password, Path(str(found.get("db_filename") or "ptg.json")).absolute())
