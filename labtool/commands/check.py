"""`labtool check`."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from datetime import date

    from labtool.core.config import Config
    from labtool.core.config.marks import Loc
    from labtool.services.build import Services
    from labtool.tasks.report.check import Findings

app = typer.Typer(add_completion=False)


@app.command()
def check(
    context: typer.Context,
    online: Annotated[
        bool, typer.Option("--online", metavar="", help="Also prove each credential and recipient.")
    ] = False,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Check the config and every sheet; --online also proves the credentials."""

    def body() -> int:
        from labtool.core.database import Database
        from labtool.services.build import Services

        lab = o.load(config, context)
        clock = o.clock(lab, at)
        database = Database.snapshot(lab.state)
        services = Services(lab, database, clock, dry_run=True, online=online, strict=True)
        findings = _look(lab, services, clock.today(), online=online)
        _print(lab, findings, json=json)
        return findings.exit_status

    o.finish(body, verbose=verbose, json=json)


def _look(lab: "Config", services: "Services", today: "date", *, online: bool) -> "Findings":
    """Every check there is: the core's, then each task's."""
    from labtool.tasks.cache.check import notes as cache_notes
    from labtool.tasks.remind.check import check as check_remind
    from labtool.tasks.report import check as core
    from labtool.tasks.sections import SECTIONS, model

    findings = core.Findings()
    sections = [lab.section(name, model(name)) for name in SECTIONS]
    core.check_secrets([lab.core, *sections], findings)
    core.check_token(lab, findings)
    core.check_people(lab, services, today, findings)
    core.check_sheets(lab, services, findings)
    _board(lab, findings, online=online)
    findings.notes += cache_notes(lab)
    _timers(lab, findings)
    if not findings.people_known:
        findings.notes.append("rules and names were not checked, as the people are not known")
        return findings
    reminders = check_remind(lab, services, today, findings.add)
    findings.problems += reminders.problems
    findings.proved.append(reminders.proved)
    findings.notes += reminders.notes
    instruments = _instruments(lab, services, findings, online=online)
    spoken = [*reminders.spoken, *instruments, *_jobs(lab, services, findings)]
    spoken += _workflows(lab, services, findings)
    spoken += core.check_report(lab, services, findings)
    core.check_ways(lab, services, spoken, findings)
    if online:
        core.check_credentials(services, findings)
        core.check_recipients(services, [to for _, to in spoken], today, findings)
    return findings


def _board(lab: "Config", findings: "Findings", *, online: bool) -> None:
    """The event board's database, and whether its server answers."""
    from labtool.core.errors import LabtoolError
    from labtool.tasks.ptg.check import check, prove_server

    if not lab.has("ptg"):
        return
    board = check(lab)
    findings.notes += board.notes
    findings.proved += board.proved
    for error in board.errors:
        findings.add(error)
    if online:
        try:
            proof = prove_server(lab)
        except LabtoolError as error:
            findings.add(error)
        else:
            findings.proved += [f"irc: {proof}"] if proof else []


def _instruments(
    lab: "Config", services: "Services", findings: "Findings", *, online: bool
) -> "list[tuple[Loc, str]]":
    """The instruments, and whether their servers answer; the places that speak to a channel."""
    from labtool.tasks.instruments.check import check, prove
    from labtool.tasks.page.section import Serve

    found = check(lab, services.people, lab.section("serve", Serve).tokens)
    for error in prove(lab, found) if online else ():
        findings.add(error)
    findings.problems += found.problems
    findings.notes += found.notes
    findings.proved += found.proved
    return found.spoken


def _jobs(lab: "Config", services: "Services", findings: "Findings") -> "list[tuple[Loc, str]]":
    """Jobs and webhooks; the places that speak to a channel."""
    from labtool.tasks.jobs.check import check

    found = check(lab, services.people)
    findings.problems += found.problems
    findings.notes += found.notes
    findings.proved += found.proved
    return found.spoken


def _workflows(
    lab: "Config", services: "Services", findings: "Findings"
) -> "list[tuple[Loc, str]]":
    """Workflows and what starts them; the places that speak to a channel."""
    if not lab.has("workflows"):
        return []
    from labtool.commands._words import misworded
    from labtool.core.clock import Clock
    from labtool.tasks.workflow.check import check

    findings.problems += misworded(lab)
    found = check(lab, services, Clock(lab.core.lab.timezone))
    findings.problems += found.problems
    findings.notes += found.notes
    findings.proved += found.proved
    return found.spoken


def _timers(lab: "Config", findings: "Findings") -> None:
    """Each timer's command is one that labtool has, with arguments that it takes."""
    import shlex
    from pathlib import Path

    from labtool.commands import _words
    from labtool.core.errors import ConfigError, Problem
    from labtool.tasks.timers.command import command_line

    for name, timer in lab.core.timers.items():
        where, path = lab.where("timers", name, "run"), f"timers.{name}.run"
        try:
            command_line(["labtool"], Path("labtool.yaml"), name, timer.run)
        except ConfigError as error:
            findings.problems += [Problem(where, p.what, p.fix, path) for p in error.problems]
            continue
        what, fix = _words.mistake(shlex.split(timer.run))
        if what:
            findings.problems.append(Problem(where, what, fix, path))


def _print(lab: "Config", findings: "Findings", *, json: bool) -> None:
    from labtool.commands import _show as show
    from labtool.core.errors import Temporary
    from labtool.core.log import complain

    problems = list(dict.fromkeys(str(problem) for problem in findings.problems))
    errors = list(dict.fromkeys(str(error) for error in findings.errors))
    if json:
        show.document(
            {
                "config": str(lab.path),
                "exit": findings.exit_status,
                "problems": problems,
                "errors": errors,
                "notes": findings.notes,
                "proved": findings.proved,
            }
        )
        return
    for line in (*problems, *errors):
        complain(line)
    for line in findings.notes:
        print(f"note: {line}")
    for line in findings.proved:
        print(f"ok: {line}")
    later = len({str(error) for error in findings.errors if isinstance(error, Temporary)})
    count = len(problems) + len(errors) - later
    told = [f"{count} to mend"] if count else []
    told += [f"{later} could not be proved now, try again"] if later else []
    print(f"{lab.path}: {', '.join(told) or 'no mistakes'}")
