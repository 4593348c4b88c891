"""The errors that labtool expects, and the exit status each one ends in.

An error says what happened, where, and what to do about it. Its class alone decides
whether the work is tried again (`Temporary`), must not be repeated blindly (`Unknown`)
or needs a person (`Failed`, `ConfigError`, `StateError`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from labtool.core.masking import mask

OK = 0
FAILED = 1
USAGE = 2
TEMPORARY = 75
INTERRUPTED = 130


class LabtoolError(Exception):
    """An expected error: printed as one message, never as a traceback.

    `what` says what happened, `where` the place (file and line, row of a sheet,
    channel, host) and `fix` what the reader can do. `code` names the sort of error in
    one word that stays the same while details change, so that the ledger of alerts
    can tell one error from another. `topic` names what must be looked at again to know
    that the error is over (a rule, a channel), where that is not the whole command.
    """

    exit_status: ClassVar[int] = FAILED
    topic: str = ""

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: str = "") -> None:
        # What a server says may repeat what it was told.
        self.what, self.where, self.fix = mask(what), mask(where), mask(fix)
        super().__init__(self.what)
        self.code = code or type(self).__name__.lower()

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.fix}" if self.fix else text


class Failed(LabtoolError):
    """It failed and will fail again until a person changes something."""


class AccessDenied(Failed):
    """The account as a whole is refused (revoked token, login, missing permission): every
    message would meet the same, so they wait until a person has mended it."""


class UsageError(LabtoolError):
    """The command was called in a way that makes no sense."""

    exit_status = USAGE


class StateError(LabtoolError):
    """The state folder or its database cannot be used (full, read-only, too new)."""


class Temporary(LabtoolError):
    """A vendor or the network is unavailable for now: nothing is lost, try again later.

    `retry_after` is the number of seconds the other side asked us to wait, if it did.
    """

    exit_status = TEMPORARY

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        fix: str = "",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, where=where, fix=fix, code=code)
        self.retry_after = retry_after


class OutOfStep(LabtoolError):
    """The other side of an exchange expects another part of it: number `expected`."""

    def __init__(self, expected: int, *, where: str = "") -> None:
        super().__init__(f"expects part {expected} of what is sent", where=where)
        self.expected = expected


class Unknown(LabtoolError):
    """A message went out and no answer came: it may or may not have arrived."""

    exit_status = TEMPORARY


class AlreadyRunning(LabtoolError):
    """Another process holds the task's lock; there is nothing to do."""

    exit_status = OK


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in what people wrote: the config or a sheet.

    `where` is `file:line` or `sheet:row:column`, `path` the dotted path of a key (empty
    for sheets), `what` the mistake and `fix` what to write instead.
    """

    where: str
    what: str
    fix: str = ""
    path: str = ""

    def __str__(self) -> str:
        text = (
            f"{self.where}: {self.path}: {self.what}" if self.path else f"{self.where}: {self.what}"
        )
        return f"{text}; {self.fix}" if self.fix else text


class ConfigError(LabtoolError):
    """The config has mistakes; all of them are in `problems`."""

    exit_status = USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        distinct = list(dict.fromkeys(problems))
        super().__init__("\n".join(str(problem) for problem in distinct))
        self.problems = distinct
