"""What `labtool check` looks at: webhooks whose jobs are not there, and channels that are named."""

from dataclasses import dataclass, field

from labtool.core.config import Config
from labtool.core.errors import Problem
from labtool.tasks.jobs.open import jobs_of, settings_of
from labtool.tasks.jobs.webhooks.section import Webhooks

Loc = tuple[str | int, ...]


@dataclass(slots=True)
class Checked:
    """What was found; `spoken` are the places that speak to a channel."""

    problems: list[Problem] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    spoken: list[tuple[Loc, str]] = field(default_factory=list)


def check(config: Config) -> Checked:
    """Look at jobs and webhooks. Raises ConfigError."""
    found = Checked()
    if not config.has("jobs"):
        return found
    jobs = jobs_of(config)
    for name, namespace in jobs.all().items():
        if namespace.channel:
            found.spoken.append((("jobs", name, "channel"), namespace.channel))
    support = settings_of(config).support_channel
    if support:
        found.spoken.append((("jobs_settings", "support_channel"), support))
    commands = sum(len(namespace.slack) for namespace in jobs.all().values())
    found.proved.append(f"jobs: {len(list(jobs.types()))}, with {commands} commands")
    if config.has("webhooks"):
        _webhooks(config, found)
    return found


def _webhooks(config: Config, found: Checked) -> None:
    jobs = jobs_of(config)
    for name, project in config.section("webhooks", Webhooks).github.items():
        for number, rule in enumerate(project.rules):
            loc = ("webhooks", "github", name, "rules", number, "job")
            where = config.where(*loc)
            path = f"webhooks.github.{name}.rules[{number}].job"
            known = jobs.find(rule.job)
            if known is None:
                fix = "write a type, NAMESPACE_JOB"
                found.problems.append(Problem(where, f"there is no job {rule.job}", fix, path))
            elif odd := set(rule.parameters) ^ set(known[1].script.parameters):
                fix = f"{min(odd)} is in one of rule and template alone"
                found.problems.append(Problem(where, "has other parameters", fix, path))
