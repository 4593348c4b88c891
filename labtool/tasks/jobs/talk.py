"""What is said to the bot -> what is done, and the answers. The same for Slack and a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from labtool.core.clock import Clock
from labtool.core.errors import Failed, LabtoolError
from labtool.core.people import People
from labtool.core.text import counted, one_line
from labtool.tasks.jobs import approval
from labtool.tasks.jobs.entry import Asker, Entry, Request
from labtool.tasks.jobs.phrases import hints, nearest, tidy
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.replies import Reply, accepted, bare
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import (
    CANCEL,
    SCHEDULE,
    SUPPRESS,
    UNSUPPRESS,
    Command,
    Job,
    Jobs,
    NamespaceOptions,
    begins_and_ends,
    type_of,
)  # fmt: skip
from labtool.tasks.jobs.shown import OWN, Shown
from labtool.tasks.jobs.spec import read
from labtool.tasks.jobs.standing import holding
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.times import span
from labtool.tasks.jobs.who import Who, check, check_type, is_asked, may_confirm, may_use


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers. `logs` gives the end of what a job printed, `tell` says something of a job where it
    was asked for."""

    jobs: Jobs
    queue: Queue
    suppressions: Suppressions
    people: Callable[[], People]
    clock: Clock
    now: Callable[[], float]
    logs: Callable[[Entry], str]
    tell: Callable[[Entry, str], None]

    def answer(self, said: str, who: Who) -> list[str]:
        """What is said to `said`; what it asks for is done."""
        return [reply.text for reply in self.replies(said, who)]

    def replies(self, said: str, who: Who) -> list[Reply]:
        """The same, with its buttons."""
        try:
            return self._replies(said, who)
        except LabtoolError as error:
            return [Reply(str(error), done=False)]

    def pressed(self, action: str, ident: str, who: Who) -> list[Reply]:
        """What a button asks for, of a job. Where that is to refuse one, it ends none that runs by
        now."""
        verb = self._verbs[action] if action in ("retry", "confirm") else self._refuse
        try:
            found = list(verb([ident], who))
        except LabtoolError as error:
            return [Reply(str(error), done=False)]
        return [one if isinstance(one, Reply) else Reply(one) for one in found]

    def ask(self, said: str, who: Who) -> list[str]:
        """The same as text. Raises Failed where it is not understood, or not done."""
        return [reply.text for reply in self._replies(said, who)]

    def _replies(self, said: str, who: Who) -> list[Reply]:
        found = list(self._answer(bare(tidy(said), self._is_ours), who))
        return [one if isinstance(one, Reply) else Reply(one) for one in found]

    def knows(self, said: str) -> bool:
        """Whether it begins as something that is ours to answer."""
        first = bare(tidy(said), self._is_ours).split(maxsplit=1)
        return bool(first) and self._is_ours(first[0].casefold())

    def _is_ours(self, word: str) -> bool:
        return word in self._verbs or word in self.jobs.all()

    def _answer(self, text: str, who: Who) -> Iterator[str | Reply]:
        words = text.split()
        verb = self._verbs.get(words[0].casefold()) if words else None
        if verb and len(words) <= 2:
            yield from verb(words[1:], who)
            return
        name = words[0].casefold() if words else ""
        if [word.casefold() for word in words[1:]] in ([], ["help"]) and name in self.jobs.all():
            yield self.shown.help_of(name, who)
            return
        yield from self._command(text, who)

    def told(self, verb: str, words: Sequence[str], who: Who) -> list[str]:
        """The same for one of the bot's own words. Raises Failed."""
        found = self._verbs[verb](list(words), who)
        return [one.text if isinstance(one, Reply) else one for one in found]

    @property
    def shown(self) -> Shown:
        """What there is to see."""
        return Shown(self.jobs, self.queue, self.suppressions, self.clock, self.now)

    @property
    def _verbs(self) -> dict[str, "Callable[[list[str], Who], Iterator[str | Reply]]"]:
        return {
            "help": lambda _, who: iter([self.shown.help(who)]),
            "status": lambda _, who: iter([self.shown.status(who)]),
            "logs": self._logs,
            "cancel": self._stop,
            "retry": self._retry,
            "confirm": self._confirm,
        }

    @property
    def _actions(self) -> dict[str, Callable[..., Iterator[str | Reply]]]:
        return {
            SCHEDULE: self._schedule,
            CANCEL: self._cancel,
            SUPPRESS: self._suppress,
            UNSUPPRESS: self._unsuppress,
        }

    def _command(self, text: str, who: Who) -> Iterator[str | Reply]:
        first = text.split(maxsplit=1)
        name = first[0].casefold() if first else ""
        namespace = self.jobs.all().get(name)
        rest = first[1] if len(first) == 2 else ""
        for command in namespace.slack if namespace else ():
            said = command.phrase.match(rest)
            if said is not None and namespace:
                check(name, namespace, who)
                yield from self._actions[command.action](name, namespace, command, said, who)
                return
        raise self._unknown(text, who)

    def _unknown(self, text: str, who: Who) -> Failed:
        near = hints(text, [f"{n} {c.phrase.text}" for n, c in self._commands(who)])
        near = near or nearest(text, OWN)
        name = text.split(maxsplit=1)[0].casefold() if text else ""
        say = f"Say {name} help." if name in self.jobs.all() else "Say help."
        meant = f"Did you mean: {'; '.join(near)}?" if near else say
        return Failed(f"I do not know “{one_line(text, 100)}”. {meant}", code="unknown")

    def _commands(self, who: Who) -> Iterator[tuple[str, Command]]:
        for name, namespace in self.jobs.all().items():
            for command in namespace.slack if may_use(name, namespace, who) else ():
                yield name, command

    def _schedule(
        self, name: str, namespace: NamespaceOptions, command: Command, said: Mapping[str, str],
        who: Who,
    ) -> Iterator[str | Reply]:  # fmt: skip
        job = namespace.jobs[command.job_type]
        arguments = read(job, self.people, said)
        kind = type_of(name, command.job_type)
        request = Request(
            kind, job.concurrency or kind, arguments, who.asker, self.now() + command.delay_seconds
        )
        asked = bool(job.confirm)
        entry, replaced = self.queue.add(request, asked=asked)
        text = self._accepted(entry, job, command.delay_seconds, replaced=replaced)
        yield accepted(text, entry, job)

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

    def _cancel(
        self, name: str, _n: NamespaceOptions, command: Command, _s: Mapping[str, str], who: Who
    ) -> Iterator[str]:
        kind = type_of(name, command.job_type)
        done = self.queue.cancel_type(kind, who.asker.name)
        yield f"cancelled: {', '.join(map(str, done))}" if done else f"no {kind} runs or waits"

    def _suppress(
        self, name: str, _n: NamespaceOptions, command: Command, said: Mapping[str, str], who: Who
    ) -> Iterator[str]:
        begins, ends = begins_and_ends(dict(said))
        yield self.suppress(type_of(name, command.job_type), begins, ends, who.asker)

    def suppress(self, kind: str, begins: str, ends: str, asker: Asker) -> str:
        """Let no job of a type start between two times. Raises Failed."""
        try:
            start, end = span(begins, ends, self.clock.local())
        except ValueError as error:
            raise Failed(str(error), code="time") from None
        self.suppressions.add(kind, start.timestamp(), end.timestamp(), asker)
        lasts = f"from {self.shown.at(start.timestamp())} to {self.shown.at(end.timestamp())}"
        return f"{kind} does not start {lasts}"

    def _unsuppress(
        self, name: str, _n: NamespaceOptions, command: Command, _s: Mapping[str, str], _who: Who
    ) -> Iterator[str]:
        yield self.release(type_of(name, command.job_type))

    def release(self, kind: str) -> str:
        """A type may start again."""
        return f"{kind} starts again" if self.suppressions.remove(kind) else f"nothing held {kind}"

    def _logs(self, words: list[str], who: Who) -> Iterator[str]:
        last = self.queue.newest(words[0]) if words and self.jobs.find(words[0]) else None
        entry = self._own([str(last.id)] if last else words, who)
        yield self.logs(entry) or f"{entry.id} has printed nothing"

    def _stop(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._to_confirm(words, who)
        yield self._cancelled(entry, who)

    def _refuse(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._to_confirm(words, who)
        if entry.state != "asked":
            raise Failed(f"{entry.id} waits for no yes any more: it is {entry.state}", code="late")
        yield self._cancelled(entry, who)

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

    def _retry(self, words: list[str], who: Who) -> Iterator[Reply]:
        entry = self._own(words, who)
        yield self._request(entry.type, entry.arguments, who)

    def request(self, kind: str, values: Mapping[str, str], who: Who) -> str:
        """Ask for a job by its type, with its parameters as they are. Raises Failed."""
        return self._request(kind, values, who).text

    def _request(self, kind: str, values: Mapping[str, str], who: Who) -> Reply:
        namespace, job = self._found(kind)
        check(kind.partition("_")[0], namespace, who)
        names = job.script.parameters
        wanted = " ".join(f"{name}=..." for name in names) or "none"
        if missing := [name for name in names if name not in values]:
            what = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            raise Failed(what, where=kind, fix=f"write {wanted}", code="arguments")
        if odd := [name for name in values if name not in names]:
            what = f"{', '.join(odd)}: no such parameter"
            raise Failed(what, where=kind, fix=f"write {wanted}", code="arguments")
        arguments = read(job, self.people, values)
        request = Request(kind, job.concurrency or kind, arguments, who.asker, self.now())
        entry, replaced = self.queue.add(request, asked=bool(job.confirm))
        return accepted(self._accepted(entry, job, 0, replaced=replaced), entry, job)

    def hold(self, kind: str, begins: str, ends: str, who: Who) -> str:
        """Suppress a type between two times; `off` ends that. Raises Failed."""
        self._found(kind)
        if begins == "off" and not ends:
            return self.release(kind)
        if not ends:
            raise Failed("END is missing", fix="write it, such as 18:00", code="time")
        return self.suppress(kind, begins, ends, who.asker)

    def _found(self, kind: str) -> tuple[NamespaceOptions, Job]:
        found = self.jobs.find(kind)
        if found is None:
            near = nearest(kind, [name for name, _, _ in self.jobs.types()])
            fix = f"did you mean {' or '.join(near)}?" if near else "see: labtool jobs say help"
            raise Failed(f"there is no job {kind}", fix=fix, code="no_job")
        return found

    def _confirm(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._to_confirm(words, who)
        _, job = self.jobs.find(entry.type) or (None, None)
        if job and not may_confirm(job, entry, who):
            whom = "who asked" if job.confirm is True else " or ".join(job.confirm)
            raise Failed(f"{entry.id} can be confirmed by {whom}", code="not_allowed")
        waited = [e.id for e in self.queue.entries(("waiting",), 1000) if e.type == entry.type]
        added = self.queue.confirm(entry.id)
        took = f", in place of {waited[0]}" if waited else ""
        what = f"{phrase(added)} ({added.id})"
        self._let_know(added, f"{what} was approved", who)
        yield f"{what} will start{took}"

    def _meant(self, words: list[str]) -> Entry:
        """The job that is meant. Raises Failed."""
        text = words[0] if words else ""
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Failed("no job is named", fix="say its number, such as 12", code="which")
        return self.queue.entry(int(text))

    def _own(self, words: list[str], who: Who) -> Entry:
        """The job that is meant, where the asker may use its namespace. Raises Failed."""
        entry = self._meant(words)
        check_type(self.jobs, entry.type, who)
        return entry

    def _to_confirm(self, words: list[str], who: Who) -> Entry:
        """The same, or one that waits for the yes of who is asked, whoever else may use its
        namespace. Raises Failed."""
        entry = self._meant(words)
        if not (entry.state == "asked" and is_asked(self.jobs, entry.type, who)):
            check_type(self.jobs, entry.type, who)
        return entry
