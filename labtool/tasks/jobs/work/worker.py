"""A worker: takes what is due, runs it, tells how it ended; many at a time. It holds a lock while
it lives, by which others see that it does.
"""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from labtool.core import tree
from labtool.core.database import Database
from labtool.core.errors import Failed, LabtoolError
from labtool.core.lock import held, hold
from labtool.core.log import complain
from labtool.core.outbox import Outbox
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.jobs import report
from labtool.tasks.jobs.fabfile import fetch
from labtool.tasks.jobs.open import unix
from labtool.tasks.jobs.places import logs_of, workspace
from labtool.tasks.jobs.queue import LEASE, Entry, Queue
from labtool.tasks.jobs.report import Outcome
from labtool.tasks.jobs.section import Job, Jobs, JobsSettings, NamespaceOptions
from labtool.tasks.jobs.work import process

# Seconds: between looks at the queue; how long one that failed rests, times its attempts.
_LOOK, _REST = 0.05, 10.0
# Bytes of what is told of a run, as a file.
_MOST = 1_000_000


@dataclass(slots=True)
class Worker:
    """One process that runs jobs. `run` is its run boundary's."""

    run: Run
    jobs: Jobs
    settings: JobsSettings
    host: str = field(default_factory=socket.gethostname)
    stopped: threading.Event = field(default_factory=threading.Event)
    _name: str = ""
    _stops: dict[int, str] = field(default_factory=dict)
    _going: dict[int, threading.Thread] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: list[LabtoolError] = field(default_factory=list)

    def work(
        self, *, follow: bool, after: Callable[[Sequence[int]], None] = lambda numbers: None
    ) -> None:
        """Run what is due; with `follow`, until told to stop. `after` is called when runs have
        ended, with the numbers of their jobs."""
        mark = uuid.uuid4().hex
        self._name = f"{self.host}/{mark}"
        state = self.run.config.state
        with hold(state, _lock_of(mark), what="a worker"):
            queue = Queue(self.run.database, unix(self.run.clock))
            self._recover(queue)
            renewed = time.monotonic()
            while not self.stopped.is_set():
                self._start_due(queue)
                ended = self._ended()
                if ended:
                    after(ended)
                if not follow and not self._going and queue.peek() is None:
                    break
                if time.monotonic() - renewed > LEASE / 3:
                    renewed = time.monotonic()
                    self._stops = queue.renew(self._name)
                    self._recover(queue)
                elif self._going:
                    self._stops = queue.stops(self._name)
                if not ended:
                    self.stopped.wait(_LOOK)
            after(self._end_all())
        Path(state / "locks" / f"{_lock_of(mark)}.lock").unlink(missing_ok=True)

    def _start_due(self, queue: Queue) -> None:
        while len(self._going) < self.settings.workers and not self.stopped.is_set():
            entry = queue.take(self._name)
            if entry is None:
                return
            thread = threading.Thread(target=self._run_one, args=(entry,), name=entry.type)
            self._going[entry.id] = thread
            thread.start()

    def _ended(self) -> list[int]:
        done = [number for number, thread in self._going.items() if not thread.is_alive()]
        for number in done:
            self._going.pop(number).join()
        with self._lock:
            told, self._told = self._told, []
        for error in told:
            self.run.fail(error)
        self.run.counts["ended"] += len(done)
        return done

    def _end_all(self) -> list[int]:
        """What still runs is told to stop, and runs again or is reported, as if it was lost."""
        for thread in self._going.values():
            thread.join()
        return self._ended()

    def _run_one(self, entry: Entry) -> None:
        with closing(Database.open(self.run.config.state)) as database:
            queue = Queue(database, unix(self.run.clock))
            found = self.jobs.find(entry.type)
            if found is None:
                outcome = Outcome("failed", why="the config does not name it any more")
                self._settle(database, queue, entry, outcome, NamespaceOptions(), _NO_JOB)
                return
            namespace, job = found
            try:
                outcome = self._outcome(entry, namespace, job)
            except LabtoolError as error:
                outcome = Outcome("failed", why=str(error))
            except Exception as error:  # noqa: BLE001  (a part of the run boundary)
                outcome = Outcome("failed", why=str(bug(error, self.run.task)))
            self._settle(database, queue, entry, outcome, namespace, job)

    def _outcome(self, entry: Entry, namespace: NamespaceOptions, job: Job) -> Outcome:
        config = self.run.config
        missing = [name for name in job.script.parameters if name not in entry.arguments]
        if missing:
            what = f"its template has a new parameter: {missing[0]}"
            raise Failed(what, fix="say it again", code="arguments")
        folder = workspace(config, namespace, entry.type.partition("_")[0])
        fetch(namespace, folder)
        secrets = {name: secret.reveal() for name, secret in job.secrets.items()}
        plan = process.Plan(
            shell=self.settings.shell,
            script=job.script,
            arguments=entry.arguments,
            environment={**job.env, **secrets},
            folder=folder,
            logs=logs_of(config, self.settings, entry),
            token=entry.token,
            timeout=job.timeout.total_seconds(),
            most=self.settings.largest_output,
        )
        ended = process.run(plan, lambda: self._why(entry.id))
        err = report.lines(ended.err)
        out = report.lines(_whole(plan.logs) if job.report_stdout else ended.out)
        if ended.why.startswith("by "):
            return Outcome("cancelled", ended.status, ended.why, out, err)
        if ended.why == _STOPPED:
            return Outcome("lost", ended.status, ended.why, out, err)
        state = "failed" if ended.why or ended.status else "done"
        return Outcome(state, ended.status, ended.why, out, err)

    def _why(self, number: int) -> str:
        if self.stopped.is_set():
            return _STOPPED
        return self._stops.get(number, "")

    def _settle(
        self,
        database: Database,
        queue: Queue,
        entry: Entry,
        outcome: Outcome,
        namespace: NamespaceOptions,
        job: Job,
    ) -> None:
        """Keep how it ended, and what is said of it, in one transaction: once."""
        again = outcome.state in ("failed", "lost") and entry.attempts <= job.retries
        today = self.run.clock.today()
        with database.write():
            if again:
                rest = _REST * entry.attempts if outcome.state == "failed" else 0
                if queue.again(entry, unix(self.run.clock)() + rest, outcome.why):
                    return
            if not queue.finish(entry, outcome.state, outcome.status, outcome.why):
                return
            said = report.messages(entry, outcome, namespace, job, self.settings, today)
            outbox = Outbox(database)
            for message in said:
                outbox.add(message)
        if outcome.state in ("failed", "lost") and not said:
            what = f"{report.phrase(entry)} {outcome.state}: {outcome.why or outcome.status}"
            fix = f"labtool jobs logs {entry.id}"
            error = Failed(what, fix=fix, code="job")
            error.topic = f"job {entry.type}"
            with self._lock:
                self._told.append(error)

    def _recover(self, queue: Queue) -> None:
        """Jobs whose workers died: what is left of them is ended, then they run again or are
        reported, as their spec says."""
        state = self.run.config.state
        for entry in queue.abandoned(self.host, lambda worker: _lives(state, worker)):
            if entry.worker.partition("/")[0] == self.host:
                tree.end(entry.token, None, 0)
            namespace, job = self.jobs.find(entry.type) or (NamespaceOptions(), _NO_JOB)
            why = "the process that ran it was killed"
            complain(f"{entry.type} ({entry.id}): {why}")
            outcome = Outcome("lost", why=why)
            self._settle(self.run.database, queue, entry, outcome, namespace, job)


def _whole(logs: Path) -> bytes:
    """What a run has printed, from its beginning, as far as a message takes it."""
    try:
        with (logs / "stdout").open("rb") as file:
            return file.read(_MOST)
    except OSError:
        return b""


_STOPPED = "labtool was told to stop"
_NO_JOB = Job(run_args_template="true")


def _lock_of(mark: str) -> str:
    return f"jobs-worker-{mark}"


def _lives(state: Path, worker: str) -> bool:
    return held(state, _lock_of(worker.partition("/")[2]))
