"""The weekly report: what is in it, and its words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labtool.core.probe import Finding
from labtool.core.text import counted
from labtool.tasks.report.versions import Versions
from labtool.tasks.report.week import Week, speeds, went

# A phone's screen has no more lines for it.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Backups:
    """The backups, each in a sentence: those that need an admin, and those that are well."""

    late: Sequence[str] = ()
    well: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said: `title` is whose and which week; `findings` are doctor's."""

    title: str
    weeks: Sequence[Week]
    backups: Backups
    disk: str
    findings: Sequence[Finding]
    versions: Versions
    updates: Sequence[str]
    logs: str = ""

    @property
    def bad(self) -> list[Finding]:
        """What doctor finds bad."""
        return [one for one in self.findings if one.state == "bad"]

    @property
    def odd(self) -> list[Finding]:
        """What doctor warns of."""
        return [one for one in self.findings if one.state == "warn"]

    @property
    def worries(self) -> list[str]:
        """What needs somebody, counted."""
        failing = sum(1 for one in self.weeks if one.failed)
        parts = [f"{counted(failing, 'task')} failed"] if failing else []
        late, bad = len(self.backups.late), len(self.bad)
        parts += [f"{counted(late, 'backup')} to look at"] if late else []
        return parts + ([counted(bad, "trouble")] if bad else [])

    @property
    def subject(self) -> str:
        """The state of all, in a line."""
        hints = [f"{counted(len(self.odd), 'warning')}"] if self.odd else []
        return f"{self.title}: {', '.join([*self.worries, *hints]) or 'all is well'}"


def told(report: Report) -> str:
    """What the message says: only what there is."""
    out = [report.subject]

    def part(title: str, lines: Sequence[str]) -> None:
        if lines:
            more = len(lines) - _SHOWN
            rest = [f"… and {more} more"] if more > 0 else []
            out.extend(["", title, *(f"• {line}" for line in [*lines[:_SHOWN], *rest])])

    part("To look at (labtool doctor)", [_line(one) for one in (*report.bad, *report.odd)])
    part("Tasks of the last 7 days", [went(one) for one in report.weeks])
    part("Not as usual", [line for one in report.weeks for line in speeds(one)])
    part("Backups", [*report.backups.late, *report.backups.well])
    part("Disk", [report.disk] if report.disk else [])
    part("Updates", report.updates)
    part("Logs", [report.logs] if report.logs else [])
    versions = report.versions
    own = [_named(versions.uses)] if versions.uses else []
    part("Versions", [f"{versions.system}, {_named(versions.below)}", *own])
    return "\n".join(out)


def _line(finding: Finding) -> str:
    return f"{finding.about}: {finding.what}{f'; {finding.advice}' if finding.advice else ''}"


def _named(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
