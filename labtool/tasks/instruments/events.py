"""What a row of an instrument's log can mean: the nouns that parsers and the state machine
share. A parser knows one instrument; the state machine knows none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from labtool.tasks.instruments.state import NAME


@dataclass(frozen=True, slots=True)
class Opened:
    """The instrument's software has started, with a log of its own."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The software's own tests are over; `error` is what they found, empty if nothing."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody is logged in from here on: `user`, or whom the row's user column names."""

    user: str = ""


@dataclass(frozen=True, slots=True)
class Logout:
    """Nobody is logged in any more."""


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody asked for a procedure, by `name`, which begins next if it can; `position` is
    what it will work on, where the row says."""

    name: str
    position: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A procedure has begun."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """A procedure is at a step of its program; step 0 is its end. Where its start is not
    logged, this is what tells of it."""

    name: str
    number: int
    # What is told of it: made once, as a log has many.
    told: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", f"step {self.name[:NAME]}")


@dataclass(frozen=True, slots=True)
class Ended:
    """A procedure is over: `outcome` is `done`, `cancelled`, or the instrument's own word for
    what went wrong."""

    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The instrument itself says that it does nothing; what had no end of its own is over."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """It waits for a person, to do what `what` says; `vague` where another row says it better."""

    what: str
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """The person did it."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """A procedure was told to stop, and has not yet."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should look at, such as a bubble."""

    what: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The instrument is being switched off, or its software closed."""


Event = (
    Opened
    | Ready
    | Login
    | Logout
    | Requested
    | Started
    | Step
    | Ended
    | Idle
    | Waiting
    | Resumed
    | Stopping
    | Alert
    | Closed
)


# A row of a log: when (as it stands there), who was logged in, and what it means.
Row = tuple[str, str, Sequence[Event]]
# Rows without their newlines, each as what it means; None where it is no row at all. Plain tuples,
# and all rows at once, as there are many.
Parser = Callable[[Iterable[str]], Iterator[Row | None]]
