"""Live progress of long jobs, in the thread of who asked: one message, which is changed while the
job runs, and says at its end that it has ended. How it ended is the report's to tell.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import AccessDenied, Failed, Temporary
from labtool.core.masking import mask
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.service import tried
from labtool.core.task import Run
from labtool.core.text import clean, one_line
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.open import jobs_of, settings_of
from labtool.tasks.jobs.places import logs_of
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.report import phrase

# Seconds: what runs longer than this is long; between two changes of its message; after Slack has
# refused one.
_LONG, _REST, _REFUSED = 10.0, 3.0, 30.0
_MOST, _LINES, _WIDTH, _TAIL = 50, 8, 200, 8192
_KEPT = timedelta(days=30)
_SPACE, _TOPIC = "slack-progress", "slack-bot progress"


@dataclass(slots=True)
class Progress:
    """The messages. `update` puts another text in place of one, and raises as Slack."""

    run: Run
    update: Callable[[str, str, str], None]
    _shown: dict[str, tuple[float, str]] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _rests: float = float("-inf")

    def round(self) -> bool:
        """Show how far jobs are; whether there is something to send."""
        queue = Queue(self.run.database, time.time)
        marks = Marks(self.run.database, _SPACE)
        running = {_key(entry): entry for entry in queue.entries(("running",), _MOST)}
        told, added = marks.all(), False
        for key, entry in running.items():
            if key not in told and _is_long(entry):
                added |= self._begin(key, entry, marks)
            elif key in told:
                self._change(key, self._text(entry))
        for key, what in told.items():
            if key not in running and self._change(key, f"{what} has ended", last=True):
                marks.remove(key)
                self._shown.pop(key, None)
                self._failed.discard(key)
        return added

    def _begin(self, key: str, entry: Entry, marks: Marks) -> bool:
        asker, today = entry.asker, self.run.clock.today()
        to = Recipient("channel", asker.channel)
        text = self._text(entry)
        with self.run.database.write():
            added = Outbox(self.run.database).add(
                Message(key, to, text, today + _KEPT, under=asker.thread, useful_until=today)
            )
            marks.put(key, f"{phrase(entry)} ({entry.id})", iso(self.run.clock.now()))
        self._shown[key] = (time.monotonic(), text)
        return added

    def _change(self, key: str, text: str, *, last: bool = False) -> bool:
        """Show a text in place of what stands there; whether nothing is left to do."""
        at, shown = self._shown.get(key, (float("-inf"), ""))
        if key in self._failed or (text == shown and not last):
            return True
        if time.monotonic() - at < _REST or time.monotonic() < self._rests:
            return False
        outbox = Outbox(self.run.database)
        found = outbox.receipt(key)
        if found is None or found[0] != "slack":
            # Not sent yet, or never: then there is nothing to change.
            return outbox.state(key) not in ("waiting", "sending", "unknown")
        place = found[1]
        self._shown[key] = (time.monotonic(), text)
        if tried(self.run, _TOPIC, lambda: self.update(place.place, place.id, text)):
            self.run.looked_at.add(_TOPIC)
            return True
        error = self.run.errors[-1]
        if isinstance(error, Temporary):
            self._rests = time.monotonic() + (error.retry_after or _REFUSED)
        if isinstance(error, Failed) and not isinstance(error, AccessDenied):
            # Somebody has removed it: nobody wants to see it, and no admin has to hear.
            self.run.errors.pop()
            self._failed.add(key)
            return True
        return False

    def _text(self, entry: Entry) -> str:
        seconds = max(0, int(time.time() - (entry.started or time.time())))
        head = f"{phrase(entry)} ({entry.id}) has run for {timedelta(seconds=seconds)}"
        tail = self._tail(entry)
        return f"{clean(head)}\n```{tail}```" if tail else clean(head)

    def _tail(self, entry: Entry) -> str:
        """The last lines of what it has printed, where its spec lets that be told."""
        config = self.run.config
        _, job = jobs_of(config).find(entry.type) or (None, None)
        if job is None or not job.report_stdout:
            return ""
        path = logs_of(config, settings_of(config), entry) / "stdout"
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _TAIL))
                raw = file.read(_TAIL)
        except OSError:
            return ""
        lines = mask(raw.decode("utf-8", "replace")).replace("```", "'''").splitlines()
        kept = [one_line(line, _WIDTH) for line in lines if line.strip()]
        return "\n".join(kept[-_LINES:])


def _key(entry: Entry) -> str:
    return f"job:{entry.id}:{entry.token[:8]}:progress"


def _is_long(entry: Entry) -> bool:
    """Whether somebody in Slack has waited for it for a while."""
    asked = bool(entry.asker.user and entry.asker.channel)
    return asked and entry.started is not None and abs(time.time() - entry.started) > _LONG
