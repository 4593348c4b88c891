"""Where jobs run, and where what they print is kept."""

import re
from pathlib import Path

from labtool.core.config import Config
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.section import JobsSettings, NamespaceOptions


def workspace(config: Config, namespace: NamespaceOptions, name: str) -> Path:
    """The folder that a namespace's jobs run in."""
    if namespace.workspace:
        return config.resolve(namespace.workspace)
    return config.state / "workspaces" / name


def logs_of(config: Config, settings: JobsSettings, entry: Entry) -> Path:
    """The folder of a run: one for each attempt."""
    base = config.resolve(settings.logs) if settings.logs else config.state / "logs" / "jobs"
    return base / f"{entry.id}-{entry.attempts}"


def is_logs_of(folder: str, number: int) -> bool:
    """Whether a folder's name is that of a run of this job."""
    return bool(re.fullmatch(rf"{number}-\d{{1,4}}", folder))
