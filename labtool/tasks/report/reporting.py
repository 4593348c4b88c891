"""`labtool report`: load what a report says, and send it once a week."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import ConfigError, Failed
from labtool.core.journal import Entry, Journal
from labtool.core.logs import tidy
from labtool.core.messages import Message, Recipient
from labtool.core.probe import Finding
from labtool.core.task import Run
from labtool.core.text import counted
from labtool.services.build import Services
from labtool.tasks.report.probes.disk import days_left, known
from labtool.tasks.report.section import Report as Settings
from labtool.tasks.report.timetable import whose
from labtool.tasks.report.versions import here, of_index, of_system
from labtool.tasks.report.week import weeks
from labtool.tasks.report.weekly import Backups, Report, told

_WEEK = timedelta(days=7)
# Of how many earlier runs it is known what is usual.
_EARLIER = 200


def report(
    config: Config,
    database: Database,
    now: datetime,
    findings: Sequence[Finding],
    backups: Backups,
    staying: Collection[str],
    *,
    online: bool,
) -> Report:
    """What there is to say of the week before `now`. `findings` are doctor's, `staying` the
    commands that stay in the foreground."""
    journal, settings = Journal(database), config.section("report", Settings)
    since = now - _WEEK
    versions = here()
    updates = [one for one in [of_system()] if one]
    if online or settings.online:
        updates += of_index(settings.index, versions.uses)
    local = now.astimezone(config.core.lab.timezone)
    return Report(
        title=f"{config.core.lab.name}, week {local.isocalendar().week}",
        weeks=weeks(
            journal.since(since, now),
            journal.done_before(since, _EARLIER),
            lambda run: whose(run, config.core.timers),
            partial(_is_timed, staying),
        ),
        backups=backups,
        disk=_disk(findings, database, now.date()),
        findings=[one for one in findings if one.state != "ok"],
        versions=versions,
        updates=updates,
    )


def _is_timed(staying: Collection[str], run: Entry) -> bool:
    """Whether it ends by itself: what stays in the foreground takes as long as it is let."""
    return bool(run.timer) or run.task not in staying


def _disk(findings: Sequence[Finding], database: Database, today: date) -> str:
    """How full the disk is, where doctor does not complain of it anyway."""
    for finding in findings:
        if finding.about == "disk" and finding.state == "ok":
            free = known(database)
            left = days_left(free, today, free.get(today, 0))
            rate = f", at this rate for {counted(round(left), 'day')}" if left else ""
            return f"{finding.what}{rate}"
    return ""


def receivers(config: Config, services: Services) -> Sequence[Recipient]:
    """Who gets it. Raises ConfigError for who is not there, Failed for nobody at all."""
    names = config.section("report", Settings).to
    if not names:
        if not services.admins:
            raise Failed("nobody would get the report", fix="set report.to or lab.admins")
        return services.admins
    found, problems = services.recipients(names, "report", "to")
    if problems:
        raise ConfigError(problems)
    if not found:
        raise Failed("nobody would get the report, as the people are not known")
    return list(dict.fromkeys(found))


def tidy_logs(run: Run, folders: Sequence[Path] = ()) -> str:
    """Compress and remove what is old, also in other `folders`; in words."""
    if run.dry_run:
        return ""
    done = tidy(run.config.state, None, *folders)
    parts = [f"{done.compressed} compressed"] if done.compressed else []
    parts += [f"{done.removed} removed"] if done.removed else []
    return ", ".join(parts)


def send(run: Run, services: Services, found: Report) -> None:
    """Tell who is to know, once in a week of the calendar."""
    today = run.clock.today()
    year, week, day = today.isocalendar()
    until = today + timedelta(days=7 - day)
    for to in receivers(run.config, services):
        key = f"report:{year}-W{week:02}:{to}"
        run.outbox.add(
            Message(
                key=key,
                to=to,
                text=told(found),
                until=until,
                subject=found.subject,
                colour="warning" if found.worries else "good",
            )
        )
    run.result["report"] = document(found)


def document(found: Report) -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "subject": found.subject,
        "worries": found.worries,
        "tasks": [asdict(one) for one in found.weeks],
        "backups": {"late": found.backups.late, "well": found.backups.well},
        "disk": found.disk,
        "findings": [{"state": one.state, "about": one.about, "what": one.what, "fix": one.advice}
                     for one in found.findings],
        "updates": found.updates,
        "versions": {
            "system": found.versions.system,
            **found.versions.below,
            **found.versions.uses,
        },
        "logs": found.logs,
        "text": told(found),
    }  # fmt: skip
