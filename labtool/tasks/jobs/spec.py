"""What was said, and what waits, held against the spec: it may be another by the time it runs."""

from collections.abc import Callable, Mapping

from labtool.core.errors import Failed
from labtool.core.people import People
from labtool.tasks.jobs import approval
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.section import Job


def read(job: Job, people: Callable[[], People], said: Mapping[str, str]) -> dict[str, str]:
    """The arguments of a job, as its parameters have what was said. Raises Failed."""
    known = people() if any(p.type == "person" for p in job.parameters.values()) else None
    found = {}
    for name, value in said.items():
        try:
            found[name] = job.parameter(name).read(value, known or People())
        except ValueError as error:
            raise Failed(f"{name} {error}", code="arguments") from None
    if job.confirm:
        approval.fits(found)
    return found


def held(entry: Entry, job: Job) -> dict[str, str]:
    """The parameters of a job that is to run now. Raises Failed where its spec does not let it
    run like this any more."""
    for name in job.script.parameters:
        if name not in entry.arguments:
            raise _changed(f"its template has a new parameter: {name}")
    if job.confirm and not entry.asker.yes:
        raise _changed("it needs a yes now")
    found = {}
    for name in job.script.parameters:
        value, parameter = entry.arguments[name], job.parameter(name)
        try:
            # A person was found when it was said.
            found[name] = value if parameter.type == "person" else parameter.read(value, People())
        except ValueError as error:
            raise _changed(f"{name} {error}") from None
    return found


def _changed(what: str) -> Failed:
    return Failed(what, fix="say it again", code="arguments")
