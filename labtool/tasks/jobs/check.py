"""What `labtool check` looks at: people who are not there, templates that bash cannot read,
webhooks whose jobs are not there, and channels that are named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from labtool.core.config import Config
from labtool.core.config.marks import Loc, dotted
from labtool.core.errors import Problem
from labtool.core.people import People
from labtool.core.shell.readable import unreadable
from labtool.core.text import counted
from labtool.tasks.jobs.open import jobs_of, settings_of
from labtool.tasks.jobs.section import Job, NamespaceOptions
from labtool.tasks.jobs.webhooks.section import Webhooks, deploy_of
from labtool.tasks.jobs.who import is_one_of


@dataclass(slots=True)
class Checked:
    """What was found; `spoken` are the places that speak to a channel."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    spoken: list[tuple[Loc, str]] = field(default_factory=list)


def check(config: Config, people: People) -> Checked:
    """Look at jobs and webhooks. Raises ConfigError."""
    found = Checked()
    if not config.has("jobs"):
        return found
    jobs, settings = jobs_of(config), settings_of(config)
    for name, namespace in jobs.all().items():
        if namespace.channel:
            found.spoken.append((("jobs", name, "channel"), namespace.channel))
        found.problems += _nobody(config, ("jobs", name, "allow"), namespace.allow, people)
        for job, options in namespace.jobs.items():
            loc = ("jobs", name, "jobs", job)
            if options.confirm is not True:
                found.problems += _nobody(config, (*loc, "confirm"), options.confirm, people)
            if why := unreadable(settings.shell, options.script):
                place = (*loc, "run_args_template")
                what = f"{settings.shell[0]} cannot read it: {why}"
                found.problems.append(_problem(config, place, what, "try it in a shell"))
    if settings.support_channel:
        found.spoken.append((("jobs_settings", "support_channel"), settings.support_channel))
    timers = config.core.timers.values()
    if not settings.follow and not any(timer.run.startswith("jobs work") for timer in timers):
        what = "nothing runs the jobs: no timer runs jobs work"
        found.notes.append(f"{config.where('jobs')}: {what}; see jobs_settings.follow too")
    commands = sum(len(namespace.slack) for namespace in jobs.all().values())
    found.proved.append(f"jobs: {len(list(jobs.types()))}, with {counted(commands, 'command')}")
    if config.has("webhooks"):
        _webhooks(config, found)
    return found


def _problem(config: Config, loc: Loc, what: str, fix: str) -> Problem:
    return Problem(config.where(*loc), what, fix, dotted(loc))


def _nobody(config: Config, loc: Loc, wanted: Iterable[str], people: People) -> Iterator[Problem]:
    """Names and roles that nobody has."""
    roles = sorted({person.role for person in people.everyone if person.role}, key=str.casefold)
    known = f"roles are {', '.join(roles)}" if roles else "nobody has a role"
    for name in wanted:
        if not any(is_one_of(person, (name,)) for person in people.everyone):
            what = f"nobody is called {name}, and nobody has that role"
            yield _problem(config, loc, what, f"{known}; names are those of the people's list")


def _webhooks(config: Config, found: Checked) -> None:
    jobs = jobs_of(config)
    for name, project in config.section("webhooks", Webhooks).github.items():
        loc: Loc = ("webhooks", "github", name)
        deploy = jobs.find(deploy_of(name))
        if project.deploy and (deploy is None or deploy[1].script.parameters):
            what = f"there is no job {deploy_of(name)}, which a merged pull request starts"
            if deploy:
                what = f"{deploy_of(name)} has parameters, so that no merged pull request starts it"
            fix = "mend it, or write deploy: false here, and a rule"
            found.problems.append(_problem(config, loc, what, fix))
        elif project.deploy and deploy:
            found.problems += _nobody_asked(config, loc, deploy)
        for number, rule in enumerate(project.rules):
            place = (*loc, "rules", number, "job")
            known = jobs.find(rule.job)
            if known is None:
                what, fix = f"there is no job {rule.job}", "write a type, NAMESPACE_JOB"
                found.problems.append(_problem(config, place, what, fix))
            elif odd := set(rule.parameters) ^ set(known[1].script.parameters):
                fix = f"{min(odd)} is in one of rule and template alone"
                found.problems.append(_problem(config, place, "has other parameters", fix))
            else:
                found.problems += _nobody_asked(config, place, known)


def _nobody_asked(
    config: Config, loc: Loc, found: tuple[NamespaceOptions, Job]
) -> Iterator[Problem]:
    """A job that a webhook starts, and that asks for a yes where nobody reads it."""
    namespace, job = found
    if job.confirm and not namespace.channel:
        what = "starts a job that asks for a yes, and there is nobody to ask"
        fix = "name the channel: of its namespace, or take confirm: out"
        yield _problem(config, loc, what, fix)
