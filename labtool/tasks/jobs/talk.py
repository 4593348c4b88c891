"""What is said to the bot -> what is done, and the answers. The same for Slack and a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.clock import Clock
from labtool.core.errors import Failed, LabtoolError
from labtool.core.people import People
from labtool.core.text import counted, one_line
from labtool.tasks.jobs import approval
from labtool.tasks.jobs.phrases import hints, nearest, tidy
from labtool.tasks.jobs.queue import Asker, Entry, Queue, Request
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
from labtool.tasks.jobs.standing import Standing, holding, standing
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.times import span
from labtool.tasks.jobs.who import Who, check, is_one_of

_SHOWN = 20
_HELP = (
    "status · what runs and waits",
    "logs ID · the end of what a job printed",
    "cancel ID · take it out, or end it",
    "retry ID · once more, as it was asked for",
    "confirm ID · yes, run it",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers. `logs` gives the end of what a job printed."""

    jobs: Jobs
    queue: Queue
    suppressions: Suppressions
    people: Callable[[], People]
    clock: Clock
    now: Callable[[], float]
    logs: Callable[[Entry], str]

    def answer(self, said: str, who: Who) -> list[str]:
        """What is said to `said`; what it asks for is done."""
        try:
            return self.ask(said, who)
        except LabtoolError as error:
            return [str(error)]

    def ask(self, said: str, who: Who) -> list[str]:
        """The same. Raises Failed where it is not understood, or not done."""
        return list(self._answer(tidy(said), who))

    def _answer(self, text: str, who: Who) -> Iterator[str]:
        words = text.split()
        verb = self._verbs.get(words[0].casefold()) if words else None
        if verb and len(words) <= 2:
            yield from verb(words[1:], who)
            return
        name = words[0].casefold() if words else ""
        if [word.casefold() for word in words[1:]] in ([], ["help"]) and name in self.jobs.all():
            yield from self._help_of(name)
            return
        yield from self._command(text, who)

    def told(self, verb: str, words: Sequence[str], who: Who) -> list[str]:
        """The same for one of the bot's own words. Raises Failed."""
        return list(self._verbs[verb](list(words), who))

    @property
    def _verbs(self) -> dict[str, "Callable[[list[str], Who], Iterator[str]]"]:
        return {
            "help": self._help,
            "status": self._status,
            "logs": self._logs,
            "cancel": self._stop,
            "retry": self._retry,
            "confirm": self._confirm,
        }

    @property
    def _actions(self) -> dict[str, Callable[..., Iterator[str]]]:
        return {
            SCHEDULE: self._schedule,
            CANCEL: self._cancel,
            SUPPRESS: self._suppress,
            UNSUPPRESS: self._unsuppress,
        }

    def _command(self, text: str, who: Who) -> Iterator[str]:
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
        raise self._unknown(text)

    def _unknown(self, text: str) -> Failed:
        near = hints(text, [f"{n} {c.phrase.text}" for n, c in self._commands()])
        name = text.split(maxsplit=1)[0].casefold() if text else ""
        say = f"Say {name} help." if name in self.jobs.all() else "Say help."
        meant = f"Did you mean: {'; '.join(near)}?" if near else say
        return Failed(f"I do not know “{one_line(text, 100)}”. {meant}", code="unknown")

    def _commands(self) -> Iterator[tuple[str, Command]]:
        for name, namespace in self.jobs.all().items():
            for command in namespace.slack:
                yield name, command

    def _schedule(
        self, name: str, namespace: NamespaceOptions, command: Command, said: Mapping[str, str],
        who: Who,
    ) -> Iterator[str]:  # fmt: skip
        job = namespace.jobs[command.job_type]
        arguments = self.read(job, said)
        kind = type_of(name, command.job_type)
        request = Request(
            kind, job.concurrency or kind, arguments, who.asker, self.now() + command.delay_seconds
        )
        asked = bool(job.confirm)
        entry, replaced = self.queue.add(request, asked=asked)
        yield self._accepted(entry, job, command.delay_seconds, replaced=replaced)

    def read(self, job: Job, said: Mapping[str, str]) -> dict[str, str]:
        """The arguments of a job, as its parameters have them. Raises Failed."""
        people = self.people() if any(p.type == "person" for p in job.parameters.values()) else None
        found = {}
        for name, value in said.items():
            try:
                found[name] = job.parameter(name).read(value, people or People())
            except ValueError as error:
                raise Failed(f"{name} {error}", code="arguments") from None
        if job.confirm:
            approval.fits(found)
        return found

    def _accepted(self, entry: Entry, job: Job, delay: float, *, replaced: bool) -> str:
        what = f"{phrase(entry)} ({entry.id})"
        if job.confirm:
            approvers = () if job.confirm is True else job.confirm
            whom = f"{' or '.join(approvers)} can say" if approvers else "say"
            seen = approval.shown(entry.arguments)
            return f"{what} waits for a yes: {whom} confirm {entry.id}" + (seen and f"\n{seen}")
        held = holding(entry, self.suppressions.all(), self.now())
        if held:
            return f"{what} waits: {entry.type} does not run until {self._at(held.ends)}"
        when = f"in {counted(int(delay), 'second')}" if delay >= 1 else "now"
        took = ", in place of what waited" if replaced else ""
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
        lasts = f"from {self._at(start.timestamp())} to {self._at(end.timestamp())}"
        return f"{kind} does not start {lasts}"

    def _unsuppress(
        self, name: str, _n: NamespaceOptions, command: Command, _s: Mapping[str, str], _who: Who
    ) -> Iterator[str]:
        yield self.release(type_of(name, command.job_type))

    def release(self, kind: str) -> str:
        """A type may start again."""
        return f"{kind} starts again" if self.suppressions.remove(kind) else f"nothing held {kind}"

    def _help(self, _words: list[str], _who: Who) -> Iterator[str]:
        lines = [
            f"{name} help · {options.description or 'its commands'}"
            for name, options in self.jobs.all().items()
        ]
        yield "\n".join([*lines, *_HELP])

    def _help_of(self, name: str) -> Iterator[str]:
        commands = self.jobs.all()[name].slack
        lines = [f"{name} {command.phrase.text} · {command.help}" for command in commands]
        yield "\n".join(lines or [f"{name} has no commands"])

    def _status(self, _words: list[str], _who: Who) -> Iterator[str]:
        going = self.queue.entries(("running", "waiting", "asked"), _SHOWN)
        held = self.suppressions.all()
        running = {entry.key: entry.id for entry in going if entry.state == "running"}
        lines = [self._line(entry, standing(entry, held, running, self.now())) for entry in going]
        lines += [f"{s.type} does not start until {self._at(s.ends)}" for s in held]
        yield "\n".join(lines) or "Nothing runs or waits."

    def _line(self, entry: Entry, found: Standing) -> str:
        """A job in one line."""
        by = f", asked for by {entry.asker.name}" if entry.asker.name else ""
        since = f" since {self._at(entry.started or 0)}" if entry.state == "running" else ""
        why = f", {found.text(self._at)}" if found.why else ""
        return one_line(f"{entry.id} {phrase(entry)}: {entry.state}{since}{why}{by}", 300)

    def _logs(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._own(words, who)
        yield self.logs(entry) or f"{entry.id} has printed nothing"

    def _stop(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._own(words, who)
        was = self.queue.cancel(entry.id, who.asker.name)
        yield f"{phrase(entry)} ({entry.id}) " + (
            "is ended" if was == "running" else "is cancelled"
        )

    def _retry(self, words: list[str], who: Who) -> Iterator[str]:
        yield self.retry(self._own(words, who), who)

    def request(self, kind: str, values: Mapping[str, str], who: Who) -> str:
        """Ask for a job by its type, with its parameters as they are. Raises Failed."""
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
        arguments = self.read(job, values)
        request = Request(kind, job.concurrency or kind, arguments, who.asker, self.now())
        entry, replaced = self.queue.add(request, asked=bool(job.confirm))
        return self._accepted(entry, job, 0, replaced=replaced)

    def hold(self, kind: str, begins: str, ends: str, who: Who) -> str:
        """Suppress a type between two times; `off` ends that. Raises Failed."""
        self._found(kind)
        if begins == "off" and not ends:
            return (
                f"{kind} starts again" if self.suppressions.remove(kind) else f"nothing held {kind}"
            )
        if not ends:
            fix = "write until when, such as 18:00, or off in place of both"
            raise Failed("END is missing", fix=fix, code="time")
        return self.suppress(kind, begins, ends, who.asker)

    def _found(self, kind: str) -> tuple[NamespaceOptions, Job]:
        found = self.jobs.find(kind)
        if found is None:
            near = nearest(kind, [name for name, _, _ in self.jobs.types()])
            fix = f"did you mean {' or '.join(near)}?" if near else "see: labtool jobs say help"
            raise Failed(f"there is no job {kind}", fix=fix, code="no_job")
        return found

    def retry(self, entry: Entry, who: Who) -> str:
        """Ask for the same once more."""
        return self.request(entry.type, entry.arguments, who)

    def _confirm(self, words: list[str], who: Who) -> Iterator[str]:
        entry = self._own(words, who)
        _, job = self.jobs.find(entry.type) or (None, None)
        if job and not self._may_confirm(job, entry, who):
            whom = "who asked" if job.confirm is True else " or ".join(job.confirm)
            raise Failed(f"{entry.id} can be confirmed by {whom}", code="not_allowed")
        waited = [e.id for e in self.queue.entries(("waiting",), 1000) if e.type == entry.type]
        added = self.queue.confirm(entry.id)
        took = f", in place of {waited[0]}" if waited else ""
        yield f"{phrase(added)} ({added.id}) will start{took}"

    def _may_confirm(self, job: Job, entry: Entry, who: Who) -> bool:
        if who.trusted:
            return True
        if job.confirm is True:
            asker = entry.asker
            if asker.origin:
                return True  # there is nobody to ask but who may use it
            return (asker.user, asker.name) == (who.asker.user, who.asker.name)
        return is_one_of(who.person, job.confirm)

    def _own(self, words: list[str], who: Who) -> Entry:
        """The job that is meant, of a namespace that the asker may use. Raises Failed."""
        text = words[0] if words else ""
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Failed("which job?", fix="say its number, such as: logs 12", code="which")
        entry = self.queue.entry(int(text))
        name = entry.type.partition("_")[0]
        namespace = self.jobs.all().get(name)
        if namespace:
            check(name, namespace, who)
        return entry

    def _at(self, moment: float) -> str:
        zone: ZoneInfo = self.clock.zone
        return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M:%S}"
