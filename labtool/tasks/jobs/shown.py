"""What there is to see: the commands, what runs and waits, as far as it is somebody's to know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from labtool.core.clock import Clock
from labtool.core.text import one_line
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import Jobs
from labtool.tasks.jobs.standing import Standing, standing
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.who import Who, check, may_use, sees

_SHOWN, _MOST = 20, 500
_HELP = {
    "status": "what runs and waits",
    "logs ID": "the end of what a job printed",
    "cancel ID": "take it out, or end it",
    "retry ID": "once more, as it was asked for",
    "confirm ID": "yes, run it",
}
# The bot's own words.
OWN = ("help", *_HELP)


@dataclass(frozen=True, slots=True)
class Shown:
    """Texts for who asks."""

    jobs: Jobs
    queue: Queue
    suppressions: Suppressions
    clock: Clock
    now: Callable[[], float]

    def help(self, who: Who) -> str:
        """What can be said."""
        lines = [
            f"{name} help · {options.description or 'its commands'}"
            for name, options in self.jobs.all().items()
            if may_use(name, options, who)
        ]
        return "\n".join([*lines, *(f"{word} · {about}" for word, about in _HELP.items())])

    def help_of(self, name: str, who: Who) -> str:
        """A namespace's commands; empty where there is none of this name. Raises Failed for who
        may not use it."""
        namespace = self.jobs.all().get(name)
        if namespace is None:
            return ""
        check(name, namespace, who)
        lines = [f"{name} {command.phrase.text} · {command.help}" for command in namespace.slack]
        return "\n".join(lines or [f"{name} has no commands"])

    def everything(self) -> list[Entry]:
        """What runs and waits, the newest first."""
        return self.queue.entries(("running", "waiting", "asked"), _MOST)

    def seen_by(self, who: Who, entries: Sequence[Entry]) -> list[Entry]:
        """Those that are theirs to know."""
        return [entry for entry in entries if sees(self.jobs, entry.type, who)]

    def status(self, who: Who) -> str:
        """The same in words, and what is held."""
        going = self.everything()
        lines = self.lines(self.seen_by(who, going)[:_SHOWN], going)
        lines += [
            f"{s.type} does not start until {self.at(s.ends)}"
            for s in self.suppressions.all()
            if sees(self.jobs, s.type, who)
        ]
        return "\n".join(lines) or "Nothing runs or waits."

    def lines(self, entries: Sequence[Entry], going: Sequence[Entry]) -> list[str]:
        """Each job in one line; `going` is everything that runs and waits."""
        held = self.suppressions.all()
        running = {entry.key: entry.id for entry in going if entry.state == "running"}
        now = self.now()
        return [self._line(one, standing(one, held, running, now)) for one in entries]

    def _line(self, entry: Entry, found: Standing) -> str:
        by = f", asked for by {entry.asker.name}" if entry.asker.name else ""
        since = f" since {self.at(entry.started or 0)}" if entry.state == "running" else ""
        why = f", {found.text(self.at)}" if found.why else ""
        return one_line(f"{entry.id} {phrase(entry)}: {entry.state}{since}{why}{by}", 300)

    def at(self, moment: float) -> str:
        """A moment in the lab's time."""
        return f"{datetime.fromtimestamp(moment, self.clock.zone):%Y-%m-%d %H:%M:%S}"
