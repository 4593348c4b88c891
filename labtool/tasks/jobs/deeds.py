"""What can be asked for of jobs: to run one, and to see, end, repeat, confirm and hold one up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from labtool.core.clock import Clock
from labtool.core.errors import Failed
from labtool.core.people import People
from labtool.core.text import counted, natural
from labtool.tasks.jobs import approval
from labtool.tasks.jobs.entry import Asker, Entry, Request
from labtool.tasks.jobs.phrases import nearest
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.replies import Reply, accepted
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import Job, Jobs, NamespaceOptions
from labtool.tasks.jobs.shown import Shown
from labtool.tasks.jobs.spec import read
from labtool.tasks.jobs.standing import holding
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.times import span
from labtool.tasks.jobs.who import Who, check, check_type, is_asked, may_confirm


@dataclass(frozen=True, slots=True)
class Deeds:
    """Each does what it says and gives what came of it, or raises Failed. `number` is a job's, as
    it was said. `logs` gives the end of what a job printed, `tell` says something of a job where
    it was asked for."""

    jobs: Jobs
    queue: Queue
    suppressions: Suppressions
    people: Callable[[], People]
    clock: Clock
    now: Callable[[], float]
    logs: Callable[[Entry], str]
    tell: Callable[[Entry, str], None]

    @property
    def shown(self) -> Shown:
        """What there is to see."""
        return Shown(self.jobs, self.queue, self.suppressions, self.clock, self.now)

    def request(self, kind: str, values: Mapping[str, str], who: Who) -> Reply:
        """Ask for a job by its type, with its parameters as they are."""
        namespace, job = self._found(kind)
        check(kind.partition("_")[0], namespace, who)
        names = job.script.parameters
        missing = [name for name in names if name not in values]
        odd = [name for name in values if name not in names]
        wrong = [f"{_are(missing)} missing"] * bool(missing)
        wrong += [f"{_are(odd)} none of its parameters"] * bool(odd)
        if wrong:
            fix = " ".join(f"{name}=..." for name in names)
            fix = f"write {fix}" if fix else "it takes none"
            raise Failed(" and ".join(wrong), where=kind, fix=fix, code="arguments")
        return self.schedule(kind, job, values, 0, who.asker)

    def schedule(
        self, kind: str, job: Job, values: Mapping[str, str], delay: float, asker: Asker
    ) -> Reply:
        """Let a job start after a delay (seconds), outside suppressions, once it is confirmed."""
        arguments = read(job, self.people, values)
        request = Request(kind, job.concurrency or kind, arguments, asker, self.now() + delay)
        entry, replaced = self.queue.add(request, asked=bool(job.confirm))
        return accepted(self._accepted(entry, job, delay, replaced=replaced), entry, job)

    def _accepted(self, entry: Entry, job: Job, delay: float, *, replaced: bool) -> str:
        what = f"{phrase(entry)} ({entry.id})"
        if job.confirm:
            approvers = () if job.confirm is True else job.confirm
            whom = f"{' or '.join(approvers)} can say" if approvers else "say"
            seen = approval.shown(entry.arguments)
            return f"{what} waits for a yes: {whom} confirm {entry.id}" + (seen and f"\n{seen}")
        took = replaced * ", in place of what waited"
        if held := holding(entry, self.suppressions.all(), self.now()):
            until = f"{self.shown.at(held.ends)}{took}"
            return f"{what} waits: {entry.type} does not run until {until}"
        when = f"in {counted(int(delay), 'second')}" if delay >= 1 else "now"
        return f"{what} will start {when}{took}"

    def cancel_type(self, kind: str, who: Who) -> str:
        """End what waits and runs of a type."""
        done = self.queue.cancel_type(kind, who.asker.name)
        return f"cancelled: {', '.join(map(str, done))}" if done else f"no {kind} runs or waits"

    def hold(self, kind: str, begins: str, ends: str, who: Who) -> str:
        """Suppress a type between two times; `off` ends that."""
        self._found(kind)
        if begins == "off" and not ends:
            return self.release(kind)
        if not ends:
            raise Failed("END is missing", fix="write it, such as 18:00", code="time")
        return self.suppress(kind, begins, ends, who.asker)

    def suppress(self, kind: str, begins: str, ends: str, asker: Asker) -> str:
        """Let no job of a type start between two times."""
        try:
            start, end = span(begins, ends, self.clock.local())
        except ValueError as error:
            raise Failed(str(error), code="time") from None
        self.suppressions.add(kind, start.timestamp(), end.timestamp(), asker)
        lasts = f"from {self.shown.at(start.timestamp())} to {self.shown.at(end.timestamp())}"
        return f"{kind} does not start {lasts}"

    def release(self, kind: str) -> str:
        """A type may start again."""
        return f"{kind} starts again" if self.suppressions.remove(kind) else f"nothing held {kind}"

    def printed(self, said: str, who: Who) -> str:
        """The end of what a job printed: one of this number, or the last of this type."""
        last = self.queue.newest(said) if self.jobs.find(said) else None
        entry = self._own(str(last.id) if last else said, who)
        return self.logs(entry) or f"{entry.id} has printed nothing"

    def cancel(self, number: str, who: Who) -> str:
        """End a job that waits or runs."""
        return self._cancelled(self._to_confirm(number, who), who)

    def refuse(self, number: str, who: Who) -> str:
        """Say no to a job that waits for a yes; one that does not by now is not ended."""
        entry = self._to_confirm(number, who)
        if entry.state != "asked":
            raise Failed(f"{entry.id} waits for no yes any more: it is {entry.state}", code="late")
        return self._cancelled(entry, who)

    def retry(self, number: str, who: Who) -> Reply:
        """Ask for the same again."""
        entry = self._own(number, who)
        return self.request(entry.type, entry.arguments, who)

    def confirm(self, number: str, who: Who) -> str:
        """Say yes to a job that waits for it."""
        entry = self._to_confirm(number, who)
        _, job = self.jobs.find(entry.type) or (None, None)
        if job and not may_confirm(job, entry, who):
            whom = "who asked" if job.confirm is True else " or ".join(job.confirm)
            raise Failed(f"{entry.id} can be confirmed by {whom}", code="not_allowed")
        waited = [e.id for e in self.queue.entries(("waiting",), 1000) if e.type == entry.type]
        added = self.queue.confirm(entry.id)
        took = f", in place of {waited[0]}" if waited else ""
        what = f"{phrase(added)} ({added.id})"
        self._let_know(added, f"{what} was approved", who)
        return f"{what} will start{took}"

    def _cancelled(self, entry: Entry, who: Who) -> str:
        was = self.queue.cancel(entry.id, who.asker.name)
        what = f"{phrase(entry)} ({entry.id})"
        if was == "running":
            return f"{what} is told to end"
        self._let_know(entry, f"{what} was {'refused' if was == 'asked' else 'cancelled'}", who)
        return f"{what} is cancelled"

    def _let_know(self, entry: Entry, what: str, who: Who) -> None:
        """Tell who asked what somebody else has decided, unless they read it anyway."""
        asker, other = entry.asker, who.asker
        same = (asker.user, asker.name) == (other.user, other.name)
        there = (asker.channel, asker.thread) == (other.channel, other.thread)
        if asker.channel and not same and not there:
            self.tell(entry, f"{what} by {other.name}")

    def _found(self, kind: str) -> tuple[NamespaceOptions, Job]:
        found = self.jobs.find(kind)
        if found is None:
            near = nearest(kind, [name for name, _, _ in self.jobs.types()])
            fix = f"did you mean {' or '.join(near)}?" if near else "see: labtool jobs say help"
            raise Failed(f"there is no job {kind}", fix=fix, code="no_job")
        return found

    def _meant(self, number: str) -> Entry:
        ident = natural(number)
        if not ident:
            raise Failed("no job is named", fix="say its number, such as 12", code="which")
        return self.queue.entry(ident)

    def _own(self, number: str, who: Who) -> Entry:
        """The job that is meant, where the asker may use its namespace."""
        entry = self._meant(number)
        check_type(self.jobs, entry.type, who)
        return entry

    def _to_confirm(self, number: str, who: Who) -> Entry:
        """The same, or one that waits for the yes of who is asked, whoever else may use its
        namespace."""
        entry = self._meant(number)
        if not (entry.state == "asked" and is_asked(self.jobs, entry.type, who)):
            check_type(self.jobs, entry.type, who)
        return entry


def _are(names: Sequence[str]) -> str:
    """`a is`, `a, b are`."""
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
