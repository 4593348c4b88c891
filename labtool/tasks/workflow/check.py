"""What `labtool check` looks at: who is told and asked is there, and somebody works at the runs."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.config.marks import Loc, dotted
from labtool.core.errors import Failed, LabtoolError, Problem
from labtool.core.shell.readable import unreadable
from labtool.services.build import Services
from labtool.tasks.workflow.activities import approve, notify, run
from labtool.tasks.workflow.activities._telling import recipients
from labtool.tasks.workflow.definition import engine_of, workflows_of
from labtool.tasks.workflow.runs import INSTALL
from labtool.tasks.workflow.triggers.arrival import GIVEN
from labtool.tasks.workflow.triggers.section import Triggers


@dataclass(slots=True)
class Checked:
    """What was found; `spoken` are the places that speak to a channel."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    spoken: list[tuple[Loc, str]] = field(default_factory=list)


def check(config: Config, services: Services, clock: Clock) -> Checked:
    """Look at workflows and triggers. Raises ConfigError."""
    found = Checked()
    if not config.has("workflows"):
        return found
    workflows, settings = workflows_of(config), engine_of(config)
    steps = 0
    for name, workflow in workflows.root.items():
        for place, step in workflow.placed:
            steps += 1
            loc: Loc = ("workflows", name, *place, step.kind)
            to: tuple[str, ...] = ()
            if isinstance(step.activity, notify.Options):
                to = step.activity.to
            elif isinstance(step.activity, approve.Options):
                to = step.activity.to or step.activity.by
            found.spoken += [(loc, one) for one in to if one.startswith("#")]
            _recipients(config, services, clock, loc, to, found)
            if isinstance(step.activity, run.Options):
                why = unreadable(settings.shell, step.activity.script)
                if why:
                    what = f"{settings.shell[0]} cannot read it: {why}"
                    fix = "mend the command"
                    found.problems.append(Problem(config.where(*loc), what, fix, dotted(loc)))
    found.problems += misdirected(config, set(workflows.root))
    found.notes += _away(config)
    if find_spec("dbos") is None:
        what = "workflows need dbos, which is not installed"
        found.problems.append(Problem(config.where("workflows"), what, INSTALL, "workflows"))
    found.problems += _mistimed(config, set(workflows.root))
    timers = config.core.timers.values()
    if not settings.follow and not any(timer.run.startswith("workflow work") for timer in timers):
        what = "nobody works at the runs: no timer runs workflow work"
        found.notes.append(f"{config.where('workflows')}: {what}; see engine.follow too")
    found.proved.append(f"workflows: {len(workflows.root)}, with {steps} steps")
    return found


def _mistimed(config: Config, known: set[str]) -> Iterator[Problem]:
    """Timers that start no workflow that there is."""
    for name, timer in config.core.timers.items():
        words = shlex.split(timer.run)
        if words[:2] != ["workflow", "start"]:
            continue
        started = next((word for word in words[2:] if not word.startswith("-")), "")
        if started and started not in known:
            loc: Loc = ("timers", name, "run")
            what = f"there is no workflow {started}"
            fix = f"write one of {', '.join(sorted(known))}"
            yield Problem(config.where(*loc), what, fix, dotted(loc))


def _recipients(
    config: Config, services: Services, clock: Clock, loc: Loc, to: tuple[str, ...], found: Checked
) -> None:
    try:
        recipients(services, to, clock)
    except Failed as error:
        found.problems.append(
            Problem(config.where(*loc), f"{error.where}: {error.what}", error.fix, dotted(loc))
        )
    except LabtoolError:
        return  # that the people cannot be had is told elsewhere


def _away(config: Config) -> Iterator[str]:
    """Folders of triggers that are not there."""
    for name, trigger in config.section("triggers", Triggers).root.items():
        folder = config.resolve(trigger.folder) if trigger.folder else None
        if folder and not folder.is_dir():
            where = config.where("triggers", name, "folder")
            yield f"{where}: there is no folder {folder}; mount it, or correct folder:"


def misdirected(config: Config, known: set[str]) -> list[Problem]:
    """Triggers whose rules cannot be read, or start none of the `known` workflows. Raises
    ConfigError."""
    found: list[Problem] = []
    for name, trigger in config.section("triggers", Triggers).root.items():
        loc: Loc = ("triggers", name)
        try:
            rules = trigger.rules(config)
        except Failed as error:
            where = config.where(*loc)
            found.append(Problem(where, str(error), error.fix, dotted(loc)))
            continue
        for rule in rules:
            needed = set(workflows_of(config).root[rule.starter_name].input.get("required", ())
                         if rule.starter_name in known else ())  # fmt: skip
            if missing := sorted(needed - GIVEN):
                what = f"gives {rule.starter_name} no {', '.join(missing)}"
                fix = f"a file gives {', '.join(sorted(GIVEN))}: take the others out of required:"
                found.append(Problem(config.where(*loc), what, fix, dotted(loc)))
            if rule.starter_name not in known:
                what = f"there is no workflow {rule.starter_name}"
                fix = f"write one of {', '.join(sorted(known))}"
                found.append(Problem(config.where(*loc), what, fix, dotted(loc)))
    return found
