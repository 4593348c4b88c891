"""What a client of IRC is told, and what it tells."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to be and who. `tls` is None where it is to be found out. `password` is that of
    services, for `account` (default: the nick). With `identified_only` a line is heard once
    the speaker's account is known. `burst` lines leave at once, then one every `interval`
    seconds (0: no limit)."""

    server: str
    port: int
    tls: bool | None
    ca_file: Path | None
    nick: str
    channels: tuple[str, ...]
    password: str = field(default="", repr=False)
    login: Literal["none", "sasl", "nickserv"] = "none"
    account: str = ""
    identified_only: bool = False
    burst: int = 5
    interval: float = 0.5
    realname: str = ""
    quit_message: str = "going away"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds. Tests pass smaller numbers.

    `backoff` is the first wait after a failure; it doubles up to `backoff_most`, and is
    forgotten after `steady` seconds of success. A link on which nothing came for `ping` is
    asked, and given up after another `dead`. What is bad news is repeated after `repeat`.
    """

    connect: float = 20
    register: float = 60
    identify: float = 10
    backoff: float = 1
    backoff_most: float = 60
    steady: float = 60
    ping: float = 60
    dead: float = 60
    regain: float = 60
    login_again: float = 300
    whois: float = 10
    account_kept: float = 600
    stale: float = 60
    quit: float = 2
    repeat: float = 600


@dataclass(frozen=True, slots=True)
class Heard:
    """One line that somebody said, readable: no colours, no control characters.

    `host` is `user@host`; `account` is that of services, None where the speaker is not
    identified or it is not known; `channel` is None for what was said in private. `op` and
    `voice` are those in the channel, in private those in any channel of ours. `unsure` says
    that services were asked for the account, and did not answer in time.
    """

    nick: str
    host: str
    account: str | None
    channel: str | None
    text: str
    op: bool
    voice: bool
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is in one of our channels now."""

    nick: str
    host: str
    account: str | None
