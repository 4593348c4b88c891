"""The probes of `labtool doctor`, in the order of what they say.

To add one, write a `Probe` (core/probe.py) beside the task, or in tasks/report/probes/, and add its
line here.
"""

from pkgutil import resolve_name

from labtool.core.probe import Probe

PROBES = (
    "labtool.tasks.report.probes.down:probe",
    "labtool.tasks.report.probes.timers:probe",
    "labtool.tasks.report.probes.services:probe",
    "labtool.tasks.report.probes.credentials:probe",
    "labtool.tasks.report.probes.disk:probe",
    "labtool.tasks.report.probes.database:probe",
    "labtool.tasks.report.probes.permissions:probe",
    "labtool.tasks.report.probes.drift:probe",
    "labtool.tasks.workflow.probe:probe",
)


def probes() -> list[Probe]:
    """All of them, imported now."""
    return [_load(name) for name in PROBES]


def _load(name: str) -> Probe:
    found: Probe = resolve_name(name)
    return found
