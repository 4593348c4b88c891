"""From the config, ours or an older bot's, to what the bot needs to know."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labtool.core.config import Config
from labtool.core.errors import ConfigError, Problem
from labtool.core.task import Run
from labtool.core.text import counted
from labtool.services.irc.settings import Settings
from labtool.tasks.ptg.section import Ptg, read_old
from labtool.tasks.ptg.store import read_document


@dataclass(frozen=True, slots=True)
class Plan:
    """Which board, where on IRC."""

    section: Ptg
    settings: Settings
    database: Path


def plan(config: Config, old: Path | None = None, *, connects: bool = True) -> Plan:
    """What the section `ptg` says, or an older bot's JSON file; one that `connects` needs a
    server. Raises ConfigError."""
    if old is not None:
        found = read_old(old)
        settings = settings_of(config, found.section, found.password)
        # It does not say whether there is TLS: whoever connects finds out.
        return Plan(found.section, replace(settings, tls=None), found.database)
    if not config.has("ptg"):
        fix = 'write ptg: {server: irc.oftc.net, channels: ["#event"]}'
        raise ConfigError([Problem(str(config.path), "has no section ptg", fix)])
    section = config.section("ptg", Ptg)
    if not section.server and connects:
        fix = "write one such as irc.oftc.net, or talk to the board here: labtool ptg-bot --console"
        raise ConfigError([Problem(config.where("ptg"), "names no server", fix, "ptg")])
    password = section.password.reveal() if section.password else ""
    return Plan(section, settings_of(config, section, password), config.resolve(section.database))


def look(run: Run, chosen: Plan) -> None:
    """Say what the bot would do, and what the board holds."""
    settings, database = chosen.settings, chosen.database
    document: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        document = read_document(database)
    counts = {key: len(document.get(key, ())) for key in ("tracks", "schedule", "last_check_in")}
    run.result["would connect to"] = f"{settings.server}:{settings.port}"
    run.result["board"] = counts
    if not run.task.json:
        channels = ", ".join(settings.channels)
        ways = {True: "with TLS", False: "without TLS", None: "(with TLS if it has that)"}
        secure = ways[settings.tls]
        who = f"{settings.nick}{' (identified)' if settings.password else ''}"
        print(f"would connect to {settings.server}:{settings.port} {secure} as {who}")
        print(f"would join {channels}")
        there = "" if database.exists() else " (not there yet; it would be made)"
        print(
            f"board: {database}{there}: {counted(counts['tracks'], 'track')},"
            f" {counted(counts['schedule'], 'room')},"
            f" {counted(counts['last_check_in'], 'check-in')}"
        )


def settings_of(config: Config, section: Ptg, password: str = "") -> Settings:
    """Where to be on IRC, and who, as the section says."""
    return Settings(
        server=section.server,
        port=section.port,
        tls=section.tls,
        ca_file=config.resolve(section.ca_file) if section.ca_file else None,
        nick=section.nick,
        channels=section.channels,
        password=password,
        login=section.login if password else "none",
        account=section.account,
        identified_only=section.identified_only,
        burst=section.flood.burst,
        interval=section.flood.interval,
        realname=section.help_url or "the event board",
    )
