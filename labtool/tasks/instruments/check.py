"""What `labtool check` looks at: instruments that nobody can tell of, and names that are wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labtool.core.config import Config
from labtool.core.config.marks import Loc
from labtool.core.errors import Problem
from labtool.core.people import NoMatch, People
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.section import Instruments


@dataclass(slots=True)
class Checked:
    """Mistakes, what a person should know, and the places that speak to a channel."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    spoken: list[tuple[Loc, str]] = field(default_factory=list)


def check(config: Config, people: People, tokens: Mapping[str, object]) -> Checked:
    """Look at the section, and at the names of `serve.tokens`. Raises ConfigError."""
    found = Checked()
    known = config.section("instruments", Instruments).all()
    for name in tokens:
        if name not in known:
            fix = f"name it as under instruments:, which has {', '.join(known) or 'none'}"
            path = f"serve.tokens.{name}"
            where = config.where("serve", "tokens", name)
            found.problems.append(Problem(where, "is no instrument's", fix, path))
    for key, options in known.items():
        found.problems += _mistakes(config, key, options, people)
        if options.channel:
            found.spoken.append((("instruments", key, "channel"), options.channel))
        if not options.logs and key not in tokens:
            found.notes.append(
                f"{config.where('instruments', key)}: nobody can tell of {key}: write logs: and"
                " server: beside it, or serve.tokens on the server"
            )
    return found


def _mistakes(
    config: Config, key: str, options: InstrumentOptions, people: People
) -> Iterator[Problem]:
    where = config.where("instruments", key)
    if options.server and options.token is None:
        fix = 'write token: "${TOKEN}", as in serve.tokens of the server'
        yield Problem(where, "has a server, and no token for it", fix, f"instruments.{key}")
    for name in options.home:
        try:
            people.find(name)
        except NoMatch as error:
            at = config.where("instruments", key, "home")
            yield Problem(at, str(error), "write a name of the people's", f"instruments.{key}.home")
