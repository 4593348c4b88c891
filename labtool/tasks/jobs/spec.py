"""What waits, held against the spec as it is when it runs: it may be another by then."""

from labtool.core.errors import Failed
from labtool.core.people import People
from labtool.tasks.jobs.queue import Entry
from labtool.tasks.jobs.section import Job


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
