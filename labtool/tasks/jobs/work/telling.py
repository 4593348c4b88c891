"""What `labtool jobs work` says of the jobs that have ended, to who sits in front of it."""

from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

from labtool.core.task import Run
from labtool.core.text import clean
from labtool.tasks.jobs.open import unix
from labtool.tasks.jobs.places import logs_of
from labtool.tasks.jobs.queue import Entry, Queue
from labtool.tasks.jobs.section import Jobs, JobsSettings

# Bytes of an output that are printed; all of it is in the logs.
_SHOWN = 8000


@dataclass(slots=True)
class Ended:
    """Says of each job how it ended, once; and that the alerts of a type which went well are
    over."""

    run: Run
    jobs: Jobs
    settings: JobsSettings
    queue: Queue
    keep: bool
    _since: float = 0
    _told: set[tuple[int, int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._since = unix(self.run.clock)()
        self._told = {_mark(one) for one in self._ended(self._since)}

    def tell(self) -> None:
        """Of those that ended since the last time."""
        since, self._since = self._since, unix(self.run.clock)()
        found = self._ended(since)
        for entry in found:
            if _mark(entry) not in self._told:
                self._tell(entry)
        self._told = {_mark(one) for one in found}

    def _ended(self, since: float) -> list[Entry]:
        """The runs that ended since then: of jobs that are over, and of those that wait for
        another try."""
        rows = self.run.database.rows(
            "SELECT id FROM jobs WHERE attempts > 0 AND ended >= ?1 AND state != 'waiting' UNION"
            " SELECT id FROM jobs WHERE attempts > 0 AND state = 'waiting' AND due >= ?1",
            since,
        )
        return [self.queue.entry(row["id"]) for row in rows]

    def _tell(self, entry: Entry) -> None:
        if entry.state == "done":
            self.run.looked_at.add(f"job {entry.type}")
        if self.keep:
            self.run.result.setdefault("jobs", []).append(_document(entry))
        namespace, job = self.jobs.find(entry.type) or (None, None)
        told = entry.asker.channel or (namespace and namespace.channel)
        if told or entry.state not in ("failed", "lost"):  # else it is an error of this run
            print(f"{entry.type} ({entry.id}) {_how(entry)}; see labtool jobs logs {entry.id}")
        if job and job.report_stdout and not told and entry.state == "done":
            print(indent(self._printed(entry), "    "), end="")

    def _printed(self, entry: Entry) -> str:
        try:
            with (logs_of(self.run.config, self.settings, entry) / "stdout").open("rb") as file:
                raw = file.read(_SHOWN + 1)
        except OSError:
            return ""
        text = clean(raw[:_SHOWN].decode("utf-8", "replace")).rstrip()
        return f"{text}\n{'…' * (len(raw) > _SHOWN)}".rstrip() + "\n" if text else ""


def _mark(entry: Entry) -> tuple[int, int, str]:
    return entry.id, entry.attempts, entry.state


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
