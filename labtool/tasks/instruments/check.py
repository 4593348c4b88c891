"""What `labtool check` looks at: instruments that nobody can tell of, logs that cannot be read,
patterns that mean nothing, and names that are wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labtool.core.config import Config, Secret
from labtool.core.config.marks import Loc
from labtool.core.errors import AccessDenied, ConfigError, Failed, LabtoolError, Problem
from labtool.core.people import NoMatch, People
from labtool.tasks.instruments.check_logs import (
    bad_forms,
    bad_groups,
    newest,
    unnamed_groups,
    unreadable,
)
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.section import Instruments

_SECONDS = 10.0


@dataclass(slots=True)
class Checked:
    """Mistakes, what a person should know, what works, and the places that speak to a channel."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    spoken: list[tuple[Loc, str]] = field(default_factory=list)


def check(config: Config, people: People, tokens: Mapping[str, Secret]) -> Checked:
    """Look at the section, and at the names of `serve.tokens`. Raises ConfigError."""
    found = Checked()
    section = config.section("instruments", Instruments)
    known = section.all()
    found.problems += _tokens(config, known, tokens)
    for key, options in known.items():
        found.problems += _mistakes(config, key, options, people)
        for at, example in unnamed_groups(options):
            found.notes.append(
                f"{config.where('instruments', key, at)}: instruments.{key}.{at}: a group without a"
                f" name means nothing; one that does is {example}"
            )
        if options.channel:
            found.spoken.append((("instruments", key, "channel"), options.channel))
        if options.logs:
            _logs(config, key, options, found)
        elif key not in tokens:
            fix = "write logs: (and server:) beside it, or serve.tokens on the server"
            where, path = config.where("instruments", key), f"instruments.{key}"
            found.problems.append(Problem(where, f"nobody can tell of {key}", fix, path))
    if section.stays:
        found.notes += _timers(config)
    return found


def prove(config: Config, add: "Checked") -> list[LabtoolError]:
    """Ask each instrument's server whether it takes the token here; what went wrong."""
    from labtool.services import http

    failed = list[LabtoolError]()
    for key, options in config.section("instruments", Instruments).all().items():
        if not options.server or options.token is None:
            continue
        url = options.server.rstrip("/")
        try:
            headers = {"Authorization": f"Bearer {options.token.reveal()}"}
            http.get(f"{url}/api/instruments/{key}", _SECONDS, headers=headers)
        except LabtoolError as error:
            failed.append(_explained(error, key))
        else:
            add.proved.append(f"instruments.{key}: {http.shown(url)} knows it, and its token")
    return failed


def _explained(error: LabtoolError, key: str) -> LabtoolError:
    if error.code in ("http_401", "http_403"):
        fix = f"write the same token here and into the server's serve.tokens, as that of {key}"
        return AccessDenied("refuses the token", where=error.where, fix=fix, code="token")
    if error.code == "http_404":
        fix = f"is labtool serve there, and {key} in its labtool.yaml, by this very name?"
        return Failed(f"knows no instrument {key}", where=error.where, fix=fix, code=error.code)
    return error


def _tokens(
    config: Config, known: Mapping[str, InstrumentOptions], tokens: Mapping[str, Secret]
) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, token in tokens.items():
        path, where = f"serve.tokens.{name}", config.where("serve", "tokens", name)
        if name not in known:
            fix = f"name it as under instruments:, which has {', '.join(known) or 'none'}"
            yield Problem(where, "is no instrument's", fix, path)
        if token.runs:
            continue
        try:
            owner = owners.setdefault(token.reveal(), name)
        except ConfigError:
            continue  # said where all secrets are looked at
        if owner != name:
            yield Problem(where, f"is the token of {owner} too", "give each its own", path)


def _mistakes(
    config: Config, key: str, options: InstrumentOptions, people: People
) -> Iterator[Problem]:
    def problem(what: str, fix: str, *at: str) -> Problem:
        where = config.where("instruments", key, *at)
        return Problem(where, what, fix, ".".join(("instruments", key, *at)))

    if options.server and options.token is None:
        fix = 'write token: "${TOKEN}", as in serve.tokens of the server'
        yield problem("has a server, and no token for it", fix)
    for name in options.home:
        try:
            people.find(name)
        except NoMatch as error:
            yield problem(str(error), "write a name of the people's", "home")
    for what, fix in bad_forms(options):
        yield problem(what, fix, "timestamp")
    for at, what, fix in bad_groups(options):
        yield problem(what, fix, at)


def _logs(config: Config, key: str, options: InstrumentOptions, found: Checked) -> None:
    here = options.model_copy(update={"logs": str(config.resolve(options.logs))})
    zone = config.core.lab.timezone
    what, fix = unreadable(here, zone)
    if what:
        where = config.where("instruments", key, "logs")
        found.problems.append(Problem(where, what, fix, f"instruments.{key}.logs"))
    elif there := newest(here, zone):
        found.proved.append(f"instruments.{key}: {there}")


def _timers(config: Config) -> Iterator[str]:
    """A timer beside what stays: one is enough."""
    for name, timer in config.core.timers.items():
        words = timer.run.split()
        if words[:1] != ["attune-watch"]:
            continue
        where = config.where("timers", name, "run")
        if "--follow" in words:
            yield f"{where}: attune-watch --follow stays; as a timer write attune-watch alone"
        else:
            yield (
                f"{where}: labtool timers systemd also writes a unit of attune-watch --follow,"
                " which stays; with it this timer is not needed (a crontab needs it)"
            )
