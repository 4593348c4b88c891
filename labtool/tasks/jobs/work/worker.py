"""A worker: takes what is due, runs it, tells how it ended; many at a time. It holds a lock while
it lives, by which others see that it does. A database that is busy, or a disk that is full, ends
nothing: what is to be kept waits for it.
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
from labtool.core.config.load import CONFIG_VARIABLE
from labtool.core.database import Database
from labtool.core.errors import Failed, LabtoolError, StateError
from labtool.core.lock import held as is_held
from labtool.core.lock import hold
from labtool.core.log import complain
from labtool.core.masking import conceal
from labtool.core.messages import Message
from labtool.core.outbox import Outbox
from labtool.core.run import bug
from labtool.core.service import Round
from labtool.core.shell import process
from labtool.core.task import Run
from labtool.tasks.jobs import report
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.fabfile import fetch
from labtool.tasks.jobs.open import unix
from labtool.tasks.jobs.places import logs_of, workspace
from labtool.tasks.jobs.queue import LEASE, Queue
from labtool.tasks.jobs.report import Outcome
from labtool.tasks.jobs.section import Job, Jobs, JobsSettings, NamespaceOptions
from labtool.tasks.jobs.spec import held

# Seconds: between looks at the queue; how long one that failed rests, times its attempts.
_LOOK, _REST = 0.05, 10.0
# Seconds: between tries to write a state that cannot be written now, how long one that is told to
# stop still tries, and after how many the admins are to hear of it.
_PAUSE, _PATIENCE, _LASTS = 1.0, 20.0, 600.0
_PASSING = ("busy", "disk_full", "state")
# Characters from which a secret of a job is masked in what it prints.
_PIN = 4
# Bytes of what is told of a run, as a file.
_MOST = 1_000_000

After = Callable[[Sequence[int]], None]


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
    _trouble: str = ""
    _since: float = 0

    def work(self, *, follow: bool, after: After, rounds: Sequence[Round]) -> None:
        """Run what is due; with `follow`, until told to stop. `after` is called when runs have
        ended, with the numbers of their jobs, the `rounds` when it is their time."""
        mark = uuid.uuid4().hex
        self._name = f"{self.host}/{mark}"
        state = self.run.config.state
        with hold(state, _lock_of(mark), what="a worker"):
            try:
                self._go_on(follow=follow, after=after, rounds=rounds)
            finally:
                # Whatever happens: nothing goes on without the one who watches it.
                self.stopped.set()
                ended = self._end_all()
            after(ended)
        Path(state / "locks" / f"{_lock_of(mark)}.lock").unlink(missing_ok=True)

    def _go_on(self, *, follow: bool, after: After, rounds: Sequence[Round]) -> None:
        queue = Queue(self.run.database, unix(self.run.clock))
        rounds = (Round(LEASE / 3, lambda: self._recover(queue)), *rounds)
        while not self.stopped.is_set():
            try:
                for one in rounds:
                    one.look()
                self._start_due(queue)
                self._stops = queue.stops(self._name) if self._going else {}
                ended = self._ended()
                if ended:
                    after(ended)
                if not follow and not self._going and queue.peek() is None:
                    return
                self._trouble = ""
            except StateError as error:
                ended = []
                self._bear(error, go_on=follow or bool(self._going))
            if not ended:
                self.stopped.wait(_PAUSE if self._trouble else _LOOK)

    def _bear(self, error: StateError, *, go_on: bool) -> None:
        """Trouble that may pass; said once. Raises what does not, or lasts while nothing runs."""
        now = time.monotonic()
        if not self._trouble:
            self._since = now
        lasts = now - self._since > _LASTS and not self._going
        if error.code not in _PASSING or not go_on or lasts:
            raise error
        if self._trouble != error.code:
            self._trouble = error.code
            complain(f"{error}; this goes on when it is over")

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
        found = self.jobs.find(entry.type)
        namespace, job = found or (NamespaceOptions(), _NO_JOB)
        try:
            if found is None:
                raise Failed("the config does not name it any more")
            outcome = self._outcome(entry, namespace, job)
        except LabtoolError as error:
            outcome = Outcome("failed", why=str(error))
        except Exception as error:  # noqa: BLE001  (a part of the run boundary)
            outcome = Outcome("failed", why=str(bug(error, self.run.task)))
        self._settle(entry, outcome, namespace, job)

    def _outcome(self, entry: Entry, namespace: NamespaceOptions, job: Job) -> Outcome:
        config = self.run.config
        arguments = held(entry, job)
        folder = workspace(config, namespace, entry.type.partition("_")[0])
        fetch(namespace, folder)
        secrets = {name: secret.reveal() for name, secret in job.secrets.items()}
        for secret in secrets.values():
            conceal(secret, _PIN)
        plan = process.Plan(
            shell=self.settings.shell,
            script=job.script,
            arguments=arguments,
            environment={CONFIG_VARIABLE: str(config.path), **job.env, **secrets},
            folder=folder,
            logs=logs_of(config, self.settings, entry),
            token=entry.token,
            timeout=job.timeout.total_seconds(),
            most=self.settings.largest_output,
            advice="check jobs_settings.shell and the namespace's workspace",
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
        told = self._stops.get(number, "")
        return told or (_STOPPED if self.stopped.is_set() else "")

    def _settle(
        self, entry: Entry, outcome: Outcome, namespace: NamespaceOptions, job: Job
    ) -> None:
        """Keep how it ended, and what is said of it: once, and as soon as the state can be
        written. Nothing that goes wrong in saying it keeps its type from running again."""
        try:
            today = self.run.clock.today()
            said = report.messages(entry, outcome, namespace, job, self.settings, today)
        except Exception as error:  # noqa: BLE001  (a part of the run boundary)
            said = []
            self._tell(bug(error, self.run.task), entry)
        patience = time.monotonic() + _PATIENCE
        while True:
            try:
                with closing(Database.open(self.run.config.state)) as database:
                    kept = self._keep(database, entry, outcome, job, said)
                break
            except StateError as error:
                late = self.stopped.is_set() and time.monotonic() > patience
                if error.code not in _PASSING or late:
                    self._tell(error, entry)
                    return
            except Exception as error:  # noqa: BLE001  (a part of the run boundary)
                self._tell(bug(error, self.run.task), entry)
                if not said:
                    return
                said = []
            time.sleep(_PAUSE)
        if kept and outcome.state in ("failed", "lost") and not said:
            self._tell(report.failure(entry, outcome), entry)

    def _keep(
        self, database: Database, entry: Entry, outcome: Outcome, job: Job, said: Sequence[Message]
    ) -> bool:
        """In one transaction; whether it has ended, and is not tried again."""
        clock, why = unix(self.run.clock), report.reason(outcome)
        queue, outbox = Queue(database, clock), Outbox(database)
        with database.write():
            if outcome.state in ("failed", "lost") and entry.attempts <= job.retries:
                rest = _REST * entry.attempts if outcome.state == "failed" else 0
                if queue.again(entry, clock() + rest, why):
                    return False
            if not queue.finish(entry, outcome.state, outcome.status, why):
                return False
            for message in said:
                outbox.add(message)
        return True

    def _tell(self, error: LabtoolError, entry: Entry) -> None:
        """An error of this run, for the admins."""
        error.topic = f"job {entry.type}"
        with self._lock:
            self._told.append(error)

    def _recover(self, queue: Queue) -> None:
        """Say that this one lives. Jobs whose workers died: what is left of them is ended, then
        they run again or are reported, as their spec says; what was to be cancelled, is."""
        self._stops = queue.renew(self._name)
        for entry in queue.abandoned(self.host, self._lives):
            if entry.worker.partition("/")[0] == self.host:
                tree.end(entry.token, None, 0)
            namespace, job = self.jobs.find(entry.type) or (NamespaceOptions(), _NO_JOB)
            why = "the process that ran it was killed"
            complain(f"{entry.type} ({entry.id}): {why}")
            outcome = Outcome("lost", why=why)
            if entry.stop:
                outcome = Outcome("cancelled", why=entry.stop)
            self._settle(entry, outcome, namespace, job)

    def _lives(self, worker: str) -> bool:
        if worker == self._name:
            return True  # even if somebody has removed its lock
        return is_held(self.run.config.state, _lock_of(worker.partition("/")[2]))


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
