"""What is said of a job that has ended. Pure."""

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from labtool.core.errors import Failed
from labtool.core.masking import retold
from labtool.core.messages import Button, Message, Recipient
from labtool.core.text import clean, link, one_line
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.section import Job, JobsSettings, NamespaceOptions

# Slack shows no more of a message (api.slack.com/docs/rate-limits, Truncating content), and of
# code between ``` there are some characters less.
_TEXT, _CODE = 4000, 3900
_BLOCKS = 50
# docs.slack.dev/reference/block-kit/blocks
_KNOWN = {"actions", "context", "divider", "file", "header", "image", "input", "markdown",
          "rich_text", "section", "table", "video"}  # fmt: skip
_LINES = 10
_DIRECT = re.compile(r"[DUW][A-Z0-9]+")
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: `done`, `failed`, `lost` or `cancelled`; its exit status, why, and the
    ends of what it printed."""

    state: str
    status: int | None = None
    why: str = ""
    out: str = ""
    err: str = ""


def phrase(entry: Entry) -> str:
    """What ran, in one line."""
    said = ", ".join(f"{name}={one_line(value, 60)}" for name, value in entry.arguments.items())
    return f"{entry.type}({said})" if said else entry.type


def reason(outcome: Outcome) -> str:
    """Why it ended as it did, in one line: of one that failed by itself, its exit status, and the
    last line of its standard error."""
    if outcome.why or not outcome.status:
        return outcome.why
    last = next((line for line in reversed(outcome.err.splitlines()) if line.strip()), "")
    said = retold(last)
    return f"exit status {outcome.status}{f': {said}' if said else ''}"


def failure(entry: Entry, outcome: Outcome) -> Failed:
    """What the admins hear of one that nobody else is told of. What it printed makes it no other
    error than the one before."""
    what, fix = f"{phrase(entry)} {outcome.state}", f"labtool jobs logs {entry.id}"
    if outcome.why:
        return Failed(f"{what}: {outcome.why}", fix=fix, code="job")
    return Failed(reason(outcome), where=what, fix=fix, code="job")


def messages(
    entry: Entry,
    outcome: Outcome,
    namespace: NamespaceOptions,
    job: Job,
    settings: JobsSettings,
    today: date,
) -> list[Message]:
    """What is said, and to whom: in the thread of who asked, or in the namespace's channel; of
    what went wrong, in the support channel too."""
    if outcome.state == "done" and not (job.report_success or job.report_stdout):
        return []
    place = entry.asker.channel or namespace.channel
    found = []
    key = f"job:{entry.id}:{entry.token[:8]}"
    if place:
        said = _said(entry, outcome, job)
        colour: Any = "" if outcome.state in ("done", "cancelled") else "danger"
        found.append(
            Message(
                key,
                Recipient("channel", place),
                said.text,
                today + _KEPT,
                colour="" if said.blocks or said.file else colour,
                blocks=said.blocks,
                under=entry.asker.thread,
                file_name=f"{entry.type}-{entry.id}.txt" if said.file else "",
                file_text=said.file,
                buttons=_again(entry) if outcome.state in ("failed", "lost") else (),
            )
        )
    support = settings.support_channel
    bad = outcome.state in ("failed", "lost")
    # A DM by its id, or whose it is.
    private = bool(_DIRECT.fullmatch(entry.asker.channel))
    if bad and support and support != place and not private:
        asked = f", which {entry.asker.name} asked for," if entry.asker.name else ""
        where = f" ({link(entry.asker.link)})" if entry.asker.link else ""
        text = f"{clean(f'{phrase(entry)}{asked} {_how(outcome)}; {_see(entry)}')}{where}"
        found.append(Message(f"{key}:support", Recipient("channel", support), text, today + _KEPT))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """A text, blocks beside it, and what is too long for a message, or stands in blocks."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    file: str = ""


def _again(entry: Entry) -> tuple[Button, ...]:
    return (Button("Retry", "retry", str(entry.id)),)


def _said(entry: Entry, outcome: Outcome, job: Job) -> _Said:
    head = clean(f"{phrase(entry)} {_how(outcome)}")
    if outcome.state != "done":
        said = "\n".join(outcome.err.strip().splitlines()[-_LINES:])
        said = f"\n{clean(said[-2000:])}" if said else ""
        again = f"\nlabtool jobs retry {entry.id}, or say: retry {entry.id}"
        return _Said(f"{head}{said}\n{_see(entry)}{again}")
    if not job.report_stdout:
        return _Said(head)
    return _printed(head, outcome.out, job.report_format)


def _printed(head: str, out: str, wanted: str) -> _Said:
    text = clean(out.rstrip())
    if not text:
        return _Said(f"{head}, and printed nothing")
    if wanted == "blocks":
        try:
            return _Said(head, blocks_of(out), text)
        except ValueError as error:
            head, wanted = f"{head}, but what it printed are no blocks: {error}", "text"
    if wanted == "code" and len(text) <= _CODE - len(head):
        return _Said(f"{head}\n```{text}```")
    if wanted == "text" and len(text) <= _TEXT - len(head):
        return _Said(f"{head}\n{text}")
    return _Said(f"{head}; what it printed is in the file", file=text)


def blocks_of(out: str) -> tuple[dict[str, Any], ...]:
    """Slack's blocks from what a job printed: a list, or {"blocks": list}. Raises ValueError
    with what is wrong."""
    try:
        found = json.loads(out, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    blocks = found.get("blocks") if isinstance(found, dict) else found
    if not isinstance(blocks, list) or not blocks:
        raise ValueError("it is no list of blocks")
    if len(blocks) > _BLOCKS:
        raise ValueError(f"there are {len(blocks)}, more than {_BLOCKS}")
    for number, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or kind not in _KNOWN:
            raise ValueError(f"block {number} is of no type that Slack has")
        if kind == "input" or _is_pressed(block):
            raise ValueError(f"block {number} has something to press, which is for the bot alone")
    return tuple(blocks)


def _is_pressed(block: Any) -> bool:
    """Whether what is in it would come back to the bot under a name of its own choice: it may be
    one that means something there."""
    inside = [block]
    while inside:
        one = inside.pop()
        if isinstance(one, dict):
            if "action_id" in one:
                return True
            inside += one.values()
        elif isinstance(one, list):
            inside += one
    return False


def _no_constant(_: str) -> None:
    raise ValueError  # NaN is no JSON


def _how(outcome: Outcome) -> str:
    if outcome.state == "done":
        return "succeeded"
    if outcome.state == "cancelled":
        return f"was cancelled {outcome.why}".rstrip()
    if outcome.state == "lost":
        return f"was lost: {outcome.why}"
    status = "" if outcome.status is None else f" with exit status {outcome.status}"
    return f"failed{status}" + (f": {outcome.why}" if outcome.why else "")


def _see(entry: Entry) -> str:
    return f"its output: labtool jobs logs {entry.id}"


def lines(text: bytes) -> str:
    """The end of what was printed, as text."""
    return text.decode("utf-8", "replace")
