"""`kind: generic-log`: an instrument described by regular expressions alone.

Each is searched for in a row, or in its column `message` where `columns:` names the columns of
rows that are separated by commas. They are RE2's, so that none takes for ever. Named groups:
`procedure` (what starts, ends or goes on), `step` (a number; 0 is the end), `outcome` (of an end;
`ok` names those that are fine), `user`, and `what` (of an error or of what it waits for). Times
are at the beginning of a row, or where `time:` finds them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from labtool.core.config.patterns import Expression, Pattern
from labtool.core.config.types import Words, mistake
from labtool.core.files import expand
from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.events import Event, Parser, Row
from labtool.tasks.instruments.kinds._base import InstrumentOptions

# A time at the beginning: as much of the row as looks like digits of a date and a time of day.
_TIME = re.compile(
    r"\[?(\d[\d/.-]{5,11}[T ,]\s?\d[\d:.]{3,14}(?: ?[AP]M)?(?:Z|[+-]\d\d:?\d\d)?)\]?"
)
_LONGEST = 4096
_REMEMBERED = 1024
_ANY = "run"


_Optional = Annotated[Expression | None, Field(default=None)]


class Options(InstrumentOptions):
    """Any instrument that writes a line for what it does."""

    kind: Literal["generic-log"]
    time: _Optional
    columns: Words = Field(default=(), description="time, user, message and others, in order")
    opened: _Optional
    ready: _Optional
    closed: _Optional
    requested: _Optional
    start: _Optional
    progress: _Optional
    end: _Optional
    ok: Expression = Field(default=r"(?i)^(|0|ok|done|success\w*|finished)$", validate_default=True)
    cancelled: Expression = Field(default=r"(?i)cancel|abort", validate_default=True)
    idle: _Optional
    error: _Optional
    alert: _Optional
    user: _Optional
    logout: _Optional
    waiting: _Optional
    resumed: _Optional
    stopping: _Optional

    @model_validator(mode="after")
    def _says_something(self) -> "Options":
        if self.start is None and self.progress is None and self.logs:
            raise mistake("knows no beginning", "write start: and end:, regular expressions")
        if self.columns and "message" not in self.columns:
            raise mistake("columns: has no message", "name one of the columns message")
        return self

    def parser(self) -> Parser:
        """What makes events of rows."""
        return _Parser(self)

    def files(self) -> Sequence[Path]:
        """The files that `logs` names, oldest first by the time of their last change."""
        path = expand(self.logs)
        if path.is_dir():
            found = [p for p in path.iterdir() if p.is_file()]
        else:
            # Raises for a folder that is not there, where glob is silent.
            next(path.parent.iterdir(), None)
            found = [p for p in path.parent.glob(path.name) if p.is_file()]
        return sorted(found, key=lambda p: (p.stat().st_mtime_ns, p.name))


def _group(found: Any, name: str) -> str:
    """A named group, as far as it is there, bounded."""
    return (found.groupdict().get(name) or "").strip()[:100]


# What else a row may say, besides procedures: the key of its pattern, and what it means.
_BEFORE: tuple[tuple[str, Callable[[Any], Event]], ...] = (
    ("opened", lambda found: ev.Opened()),
    ("ready", lambda found: ev.Ready()),
    ("user", lambda found: ev.Login(_group(found, "user"))),
    ("logout", lambda found: ev.Logout()),
)
_AFTER: tuple[tuple[str, Callable[[Any], Event]], ...] = (
    ("waiting", lambda found: ev.Waiting(_group(found, "what") or "a person")),
    ("resumed", lambda found: ev.Resumed()),
    ("stopping", lambda found: ev.Stopping()),
    ("error", lambda found: ev.Ready(_group(found, "what") or "an error")),
    ("alert", lambda found: ev.Alert(_group(found, "what") or "alert")),
    ("idle", lambda found: ev.Idle()),
    ("closed", lambda found: ev.Closed()),
)


class _Parser:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._columns = options.columns
        self._meaning = lru_cache(maxsize=_REMEMBERED)(lambda text: tuple(self._events(text)))

    def __call__(self, rows: Iterable[str]) -> Iterator[Row | None]:
        return map(self._row, rows)

    def _row(self, row: str) -> Row | None:
        text = row[:_LONGEST].rstrip("\r")
        if self._columns:
            return self._in_columns(text)
        wanted = self._options.time
        found = wanted.search(text) if wanted else _TIME.match(text)
        if found is None:
            return None
        time = found[1] if found.re.groups else found[0]
        return time, "", self._meaning(f"{text[: found.start()]}{text[found.end() :]}".strip())

    def _in_columns(self, text: str) -> Row | None:
        before = self._columns.index("message")
        after = len(self._columns) - before - 1
        parts = text.split(",", before)
        if len(parts) <= before:
            return None
        rest = parts.pop().rsplit(",", after) if after else [parts.pop()]
        values = dict(zip(self._columns, [*parts, *rest], strict=False))
        events = self._meaning(values.get("message", "").strip())
        return values.get("time", parts[0] if parts else ""), values.get("user", ""), events

    def _events(self, text: str) -> Iterator[Event]:
        for name, make in _BEFORE:
            yield from self._found(name, make, text)
        yield from self._procedures(text)
        for name, make in _AFTER:
            yield from self._found(name, make, text)

    def _found(self, name: str, make: Callable[[Any], Event], text: str) -> list[Event]:
        pattern: Pattern | None = getattr(self._options, name)
        found = pattern.search(text) if pattern else None
        return [make(found)] if found else []

    def _procedures(self, text: str) -> Iterator[Event]:
        o = self._options
        if o.end and (found := o.end.search(text)):
            yield ev.Ended(_group(found, "procedure") or _ANY, self._outcome(found))
        if o.requested and (found := o.requested.search(text)):
            yield ev.Requested(_group(found, "procedure") or _ANY)
        if o.start and (found := o.start.search(text)):
            yield ev.Started(_group(found, "procedure") or _ANY)
        # What is idle goes on with nothing.
        idle = o.idle is not None and o.idle.search(text)
        if o.progress and not idle and (found := o.progress.search(text)):
            number = _group(found, "step")
            if number.isascii() and number.isdigit():
                yield ev.Step(_group(found, "procedure") or _ANY, int(number[:6]))

    def _outcome(self, found: Any) -> str:
        said = _group(found, "outcome")
        if self._options.ok.search(said):
            return "done"
        return "cancelled" if self._options.cancelled.search(said) else said
