"""What a watch sends, as the API takes it: all of it bounded, and every time an instant in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from labtool.core.clock import iso

MOST_CHANGES = 500
_LONGEST = 300


def _instant(text: str) -> str:
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    try:
        # What comes out of here is taken here again: the year is that of UTC.
        known = moment.tzinfo is not None and 1971 <= moment.astimezone(UTC).year <= 9000
    except OverflowError:
        known = False
    if not known:
        raise ValueError("is not an instant with its offset from UTC")
    return iso(moment)


def _whole(text: str) -> str:
    # A lone surrogate is no character, and a database does not take it.
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _cut(text: str) -> str:
    # Of a long reason the beginning says enough; without it nobody would hear of the trouble.
    return _whole(text[:_LONGEST])


_Bounded = Annotated[str, StringConstraints(max_length=40), AfterValidator(_instant)]
Instant = Annotated[
    _Bounded, StringConstraints(min_length=1), Field(json_schema_extra={"format": "date-time"})
]
# Empty where nothing is known.
Perhaps = Annotated[
    _Bounded, Field(json_schema_extra={"anyOf": [{"format": "date-time"}, {"const": ""}]})
]
Short = Annotated[str, StringConstraints(max_length=100), AfterValidator(_whole)]
# More than the longest that a watch makes of a log: "started " before a name, and others.
Event = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_whole)]
Text = Annotated[str, StringConstraints(max_length=_LONGEST), AfterValidator(_whole)]
Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Number = Annotated[int, Field(ge=1, lt=2**53)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Procedure(_Model):
    """A procedure that runs."""

    name: Short
    started: Perhaps
    step: Annotated[int, Field(ge=0, lt=10**6)] | None = None
    step_at: Perhaps = ""


class Last(_Model):
    """The procedure that ended last, and how."""

    name: Short
    outcome: Short
    ended: Perhaps


class State(_Model):
    """An instrument's state."""

    version: Literal[1]
    state: Literal["off", "starting", "idle", "running", "waiting", "stopping", "error"]
    since: Perhaps = ""
    procedures: Annotated[tuple[Procedure, ...], Field(max_length=20)] = ()
    user: Short = ""
    waiting_for: Text = ""
    waiting_since: Perhaps = ""
    position: Short = ""
    alerts: Annotated[dict[Short, Perhaps], Field(max_length=20)] = {}
    error: Text = ""
    last: Last | None = None
    last_row: Perhaps = ""


NOTHING = State(version=1, state="off")


def kept_state(text: str) -> State:
    """A state as it was kept; `NOTHING` where an older labtool kept what is none."""
    try:
        return State.model_validate_json(text)
    except ValueError:
        return NOTHING


class Change(_Model):
    """One change: number `seq` of its epoch."""

    seq: Number
    time: Instant
    event: Event
    outcome: Short = ""
    state: State


class Changes(_Model):
    """Changes in their order. `lost`: those before the first are not to be had any more.
    `more`: others wait after these, so that their state is not the one of now."""

    epoch: Epoch
    lost: bool = False
    more: bool = False
    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=MOST_CHANGES)]


class Log(_Model):
    """How reading the log goes."""

    ok: Literal["ok", "unreadable"]
    why: Annotated[str, AfterValidator(_cut)] = ""


class Heartbeat(_Model):
    """A sign of life, number `count`, with the state after change `seq`; the next comes within
    `every` seconds, where that is not 0."""

    epoch: Epoch
    count: Number
    seq: Annotated[int, Field(ge=0, lt=2**53)] = 0
    at: Instant
    every: Annotated[float, Field(ge=0, le=86400)] = 0
    version: Short = ""
    waiting: Annotated[int, Field(ge=0, lt=2**53)] = 0
    log: Log
    state: State


class Confirmed(_Model):
    """The number of the last change that is kept."""

    last: int


class Shown(_Model):
    """An instrument, as the server knows it. `life`: `unknown` (never heard of), `silent` (its
    machine is off, or away), `unreadable` (its log), `quiet` (its software is closed, or says
    nothing), or `live`."""

    key: str
    name: str
    life: Literal["unknown", "silent", "unreadable", "quiet", "live"]
    heard: str
    why: str
    state: State | None
    free_at: str
    free_from: str
    free_until: str
    late: bool
    runs_known: int


class Entry(_Model):
    """A change that is kept."""

    time: str
    event: str
    outcome: str
    state: dict[str, Any]


class Page(_Model):
    """A part of the history, the newest last; `before` asks for what precedes it."""

    changes: tuple[Entry, ...]
    before: int | None
