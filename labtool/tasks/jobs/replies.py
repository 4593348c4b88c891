"""What is answered, and what people write around what they want."""

from collections.abc import Callable
from dataclasses import dataclass

from labtool.core.messages import Button
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.phrases import AROUND
from labtool.tasks.jobs.section import Job

# What stands before what they want.
_POLITE = frozenset(
    ["please", "pls", "hi", "hey", "hello", "dear", "ok", "okay", "can", "could", "would",
     "will", "you", "just", "kindly", "and", "now"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, with what can be pressed below it; `approvers` are the names and roles of
    those who are to press it; `done`: what was asked for has been."""

    text: str
    buttons: tuple[Button, ...] = ()
    approvers: tuple[str, ...] = ()
    done: bool = True


def bare(text: str, is_known: Callable[[str], bool]) -> str:
    """What was said without the polite words before it, unless one is the first of a command."""
    rest = text.lstrip(AROUND)
    while rest:
        first, *after = rest.split(maxsplit=1)
        word = first.casefold().strip(AROUND)
        if word not in _POLITE or is_known(word) or not after:
            return rest
        rest = after[0].lstrip(AROUND)
    return text


def accepted(text: str, entry: Entry, job: Job) -> Reply:
    """What is said of a request; where that waits for a yes, with what to press."""
    if not job.confirm:
        return Reply(text)
    buttons = (
        Button("Run it", "confirm", str(entry.id), "primary"),
        Button("Refuse", "refuse", str(entry.id), "danger"),
    )
    return Reply(text, buttons, () if job.confirm is True else job.confirm)
