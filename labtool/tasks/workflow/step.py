"""A step as the config has it: a name, one activity, and how it is tried."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from labtool.core.config.kinds import Kinds
from labtool.core.config.types import (
    Duration,
    Misplaced,
    Section,
    inside,
    misplaced,
    mistake,
    together,
    unknown_key,
)
from labtool.tasks.workflow.activities._base import ActivityOptions

ACTIVITIES = Kinds("labtool.tasks.workflow.activities")
StepName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
_LONG = timedelta(days=1)
# What is made of the key that names the activity.
_INNER = ("kind", "activity")


class Backoff(Section):
    """The pauses between attempts: the first, doubled each time, up to the most."""

    first: Duration = timedelta(seconds=10)
    most: Duration = timedelta(minutes=30)

    def pause(self, attempt: int) -> float:
        """Seconds after an attempt, of which the first is 1."""
        seconds = self.first.total_seconds() * 2 ** min(attempt - 1, 30)
        return float(min(seconds, self.most.total_seconds()))


class StepOptions(BaseModel):
    """A step. Timeouts are those of the cloud services: from when the run has come to it until it
    is begun, of each attempt, of all of them, and between two signs of life."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: StepName
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    backoff: Backoff = Backoff()
    schedule_to_start: Duration | None = Field(default=None, description="Until it is begun")
    start_to_close: Duration = Field(default=_LONG, description="Each attempt")
    schedule_to_close: Duration | None = Field(default=None, description="All attempts")
    heartbeat: Duration | None = Field(default=None, description="Between two signs of life")
    kind: str
    activity: ActivityOptions

    @model_validator(mode="wrap")
    @classmethod
    def _one_activity(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """`{name: copy, copy: {from: ..., to: ...}}`."""
        if not isinstance(data, dict):
            raise mistake("is not a step", 'write {name: check, run: "md5sum -c SUMS"}')
        known = ACTIVITIES.names()
        own = [name for name in cls.model_fields if name not in _INNER]
        found = [key for key in data if key in known]
        odd = [key for key in data if key not in known and key not in own]
        wrong = [Misplaced((key,), *_unknown(key, found, [*own, *known])) for key in odd]
        if len(found) != 1 and (found or not odd):
            what = "has several activities" if found else "has no activity"
            wrong.append(Misplaced((), what, f"write one of {', '.join(known)}"))
        errors = misplaced(cls.__name__, wrong).errors(include_url=False) if wrong else []
        # Where its own is wrong, any lets the rest be read.
        activity: ActivityOptions = ACTIVITIES.module(known[0]).Options.model_construct()
        if len(found) == 1:
            try:
                activity = _activity(found[0], data[found[0]])
            except ValidationError as error:
                errors += error.errors(include_url=False)
        kind = next(iter(found), "none")
        rest = {key: one for key, one in data.items() if key in own}
        whole = {"name": kind, **rest, "kind": kind, "activity": activity}
        if errors:
            raise together(cls.__name__, errors, lambda: handler(whole))
        return handler(whole)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        for name in _INNER:
            del found["properties"][name]
        found["required"] = ["name"]
        for kind in ACTIVITIES.names():
            options = ACTIVITIES.module(kind).Options
            whole = handler(options.__pydantic_core_schema__)
            short = [{"type": "string"}] if options.short else []
            found["properties"][kind] = {"anyOf": [*short, whole]}
        return dict(found)

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """The names that it asks for, with the option that does."""
        for option, names in self.activity.texts():
            for name in names:
                yield option, name


def _unknown(key: Any, kinds: Sequence[str], known: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a key of a step, which may be one of its activity's."""
    for kind in kinds:
        options = ACTIVITIES.module(kind).Options
        if key in [info.alias or name for name, info in options.model_fields.items()]:
            short = f"{options.short}: ..., " if options.short else ""
            fix = f"write {kind}: {{{short}{key}: ...}}"
            return f"is a key of {kind}, not of the step", fix
    return unknown_key(key, [*known])


def _activity(kind: str, value: Any) -> ActivityOptions:
    """Raises ValidationError, with places in the step."""
    options = ACTIVITIES.module(kind).Options
    short = options.short if not isinstance(value, dict) else ""
    try:
        found: ActivityOptions = options.model_validate({short: value} if short else value)
    except ValidationError as error:
        raise inside(kind, error, without=short) from None
    return found
