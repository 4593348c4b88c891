"""Why a job waits, and until when. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from labtool.core.text import counted, one_line
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Standing:
    """`why` it waits, or what became of it; `until`, in Unix seconds, where that is known."""

    why: str = ""
    until: float | None = None

    def text(self, at: Callable[[float], str]) -> str:
        """In words; `at` writes a time."""
        return self.why if self.until is None else f"{self.why} {at(self.until)}".strip()


def holding(entry: Entry, held: Sequence[Suppression], now: float) -> Suppression | None:
    """The suppression that lasts longest of those that hold a job when it comes due."""
    when = max(entry.due, now)
    found = [one for one in held if one.type == entry.type and one.begins <= when < one.ends]
    return max(found, key=lambda one: one.ends, default=None)


def standing(
    entry: Entry, held: Sequence[Suppression], running: Mapping[str, int], now: float
) -> Standing:
    """What to know of a job at `now`. `running` are the numbers of the jobs that run, by their
    keys."""
    if entry.state == "asked":
        return Standing(f"waits for a yes: confirm {entry.id}")
    if entry.state != "waiting":
        status = "" if entry.status in (None, 0) else f"exit status {entry.status}"
        return Standing(entry.reason or status)
    failed = ""
    if entry.attempts:
        why = f" ({one_line(entry.reason, 100)})" if entry.reason else ""
        failed = f"tried {counted(entry.attempts, 'time')}{why}; "
    if hold := holding(entry, held, now):
        return Standing(f"{failed}suppressed until", hold.ends)
    if entry.due > now:
        return Standing(f"{failed}next try at" if failed else "starts at", entry.due)
    if number := running.get(entry.key):
        return Standing(f"{failed}waits for the end of {number}")
    return Standing(f"{failed}can start now")
