"""The probes of `labtool doctor`, in the order of what they say.

To add one, write a `Probe` (core/probe.py) beside the task, or in tasks/report/probes/, and add its
line here.
"""

from datetime import datetime
from pkgutil import resolve_name

from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import ConfigError, LabtoolError
from labtool.core.probe import Finding, Patient, Probe
from labtool.tasks.sections import SECTIONS, model, staying

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


def examined(config: Config, database: Database, now: datetime) -> list[Finding]:
    """What all of them find; one that cannot look is a finding itself. Raises ConfigError."""
    sections = [config.section(name, model(name)) for name in SECTIONS]
    patient = Patient(config, database, now, sections, staying(config))
    return [one for probe in probes() for one in _asked(probe, patient)]


def _asked(probe: Probe, patient: Patient) -> list[Finding]:
    try:
        return list(probe(patient))
    except ConfigError:
        raise
    except LabtoolError as error:
        return [Finding("warn", "doctor", str(error))]


def _load(name: str) -> Probe:
    found: Probe = resolve_name(name)
    return found
