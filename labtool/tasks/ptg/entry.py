"""From the config, ours or an older bot's, to what the bot needs to know."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labtool.core.config import Config
from labtool.core.errors import ConfigError, Problem
from labtool.core.log import complain
from labtool.core.task import Run
from labtool.services.irc.settings import Settings
from labtool.tasks.ptg.section import Old, Ptg, read_old
from labtool.tasks.ptg.store import read_document

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which board, where on IRC."""

    section: Ptg
    settings: Settings
    database: Path


def plan(config: Config, old: Path | None = None, *, connects: bool = True) -> Plan:
    """What the section `ptg` says, or an older bot's JSON file; one that `connects` needs a
    server, and looks what an old one speaks. Raises ConfigError."""
    if old is not None:
        found = read_old(old)
        settings = _old_settings(config, found, look=connects)
        return Plan(found.section, settings, found.database)
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
        secure = "with TLS" if settings.tls else "without TLS"
        who = f"{settings.nick}{' (identified)' if settings.password else ''}"
        print(f"would connect to {settings.server}:{settings.port} {secure} as {who}")
        print(f"would join {channels}")
        there = "" if database.exists() else " (not there yet; it would be made)"
        print(
            f"board: {database}{there}: {counts['tracks']} tracks, {counts['schedule']} rooms,"
            f" {counts['last_check_in']} check-ins"
        )


def _old_settings(config: Config, old: Old, *, look: bool) -> Settings:
    """An older config does not say whether there is TLS. A password is sent without it only
    to this very machine, as whoever is in between may have taken it away."""
    from labtool.services.irc.probe import speaks_tls

    section, password = old.section, old.password
    if look and speaks_tls(section.server, section.port) is False:
        section = section.model_copy(update={"tls": False})
        if password and section.server not in _THIS_MACHINE:
            password = ""
            complain(
                f"{section.server}:{section.port} does not speak TLS, so the password is not"
                " sent; to send it all the same, write ptg: {tls: false, ...} in labtool.yaml"
            )
    return settings_of(config, section, password)


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
