"""What an activity is made of.

It ends by returning what it has found out (JSON values, which later steps know by their names), or
by raising: `Temporary` is tried again as the step's `retries` say, `Failed` fails the run, `Exit`
ends the run early and well, `Refused` as cancelled, `Waits` lets the run wait without a worker.
"""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from labtool.core.config import Config
from labtool.core.config.types import Section


class Exit(Exception):
    """The run ends here, and well; why."""


class Refused(Exception):
    """Somebody said no: the run ends here, as cancelled; why."""


class Waits(Exception):
    """The run waits for somebody or something: `on` is the name of what, `why` the words."""

    def __init__(self, on: str, why: str) -> None:
        super().__init__(why)
        self.on, self.why = on, why


class Ended(Exception):
    """The activity was told to stop, and has."""


class Runs(Protocol):
    """The runs, as an activity sees them. Every method raises as the engine's database."""

    def start(self, workflow: str, given: Mapping[str, Any], key: str, parent: str) -> str:
        """Let a run begin, once for a key; its id. Raises Failed for an input that does not fit."""

    def state(self, ident: str) -> tuple[str, str]:
        """What became of a run, and why."""

    def decision(self, ident: str, step: str) -> tuple[bool, str] | None:
        """Whether somebody has said yes or no to a step of a run, and who."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an activity works with: the run's id, its workflow's and step's names, what is known
    (the input, and what steps have found out), the run's own `scratch` folder, and the folder of
    this attempt's `logs`. `beat` is to be called as work goes on: without it for longer than the
    step's `heartbeat`, it is ended. `stop` says why it is to end; empty: it is not. `token` is this
    attempt's mark on processes; `since` is when the run came to this step (Unix seconds), and
    `seconds` are those that the attempt has."""

    config: Config
    run: str
    workflow: str
    step: str
    attempt: int
    values: Mapping[str, Any]
    scratch: Path
    logs: Path
    token: str
    since: float
    seconds: float
    beat: Callable[[], None]
    stop: Callable[[], str]
    runs: Runs

    def check(self) -> None:
        """Raises Ended where it is to stop."""
        why = self.stop()
        if why:
            raise Ended(why)


class ActivityOptions(Section):
    """An activity's options. `short` is the one that stands alone, where the YAML has a text or a
    list in place of a mapping."""

    short: ClassVar[str] = ""

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Its texts with `{names}`: the option, and the names in it."""
        return ()

    def saves(self) -> Sequence[str]:
        """The names of what it finds out."""
        return ()

    def starts(self) -> Sequence[tuple[str, Collection[str]]]:
        """The workflows that it starts, with the names that it gives them."""
        return ()

    @abstractmethod
    def act(self, context: Context) -> Mapping[str, Any]:
        """Do it; what it has found out. It may be done again after a crash in its middle, so that
        what it does twice must be as if it was done once."""
