"""What `labtool jobs work` says of the jobs that have ended, to who sits in front of it."""

from pathlib import Path
from textwrap import indent
from typing import Any

from labtool.core.task import Run
from labtool.core.text import clean
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.places import logs_of
from labtool.tasks.jobs.section import Jobs, JobsSettings

# Bytes of an output that are printed; all of it is in the logs.
_SHOWN = 8000


def tell(run: Run, jobs: Jobs, settings: JobsSettings, entry: Entry, *, keep: bool) -> None:
    """Say how a run of a job ended, and that the alerts of a type which went well are over;
    `keep` it for `--json` too."""
    if entry.state == "running":
        return  # again already
    if entry.state == "done":
        run.looked_at.add(f"job {entry.type}")
    if keep:
        run.result.setdefault("jobs", []).append(_document(entry))
    namespace, job = jobs.find(entry.type) or (None, None)
    told = entry.asker.channel or (namespace and namespace.channel)
    if told or entry.state not in ("failed", "lost"):  # else it is an error of this run
        print(f"{entry.type} ({entry.id}) {_how(entry)}; see labtool jobs logs {entry.id}")
    if job and job.report_stdout and not told and entry.state in ("done", "failed"):
        print(indent(_printed(logs_of(run.config, settings, entry) / "stdout"), "    "), end="")


def _printed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_SHOWN + 1)
    except OSError:
        return ""
    text = clean(raw[:_SHOWN].decode("utf-8", "replace")).rstrip()
    return f"{text}{'…' * (len(raw) > _SHOWN)}\n" if text else ""


def _how(entry: Entry) -> str:
    if entry.state == "waiting":
        return f"did not succeed, and is tried again{_why(entry)}"
    return f"{entry.state}{_why(entry)}" if entry.state != "done" else "done"


def _why(entry: Entry) -> str:
    status = "" if entry.status in (None, 0) else f"exit status {entry.status}"
    return f": {entry.reason or status}" if entry.reason or status else ""


def _document(entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, "type": entry.type, "state": entry.state, "status": entry.status,
            "reason": entry.reason}  # fmt: skip
