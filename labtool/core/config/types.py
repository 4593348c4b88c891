"""The values that the config writes as words: durations, zones, week days, schedules."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import (
    CoreSchema,
    ErrorDetails,
    InitErrorDetails,
    PydanticCustomError,
    core_schema,
)

from labtool.core.errors import UsageError
from labtool.core.schedule import Schedule, parse_when


def mistake(what: str, fix: str) -> PydanticCustomError:
    """A mistake for a validator to raise: what is wrong, and what to write instead."""
    return PydanticCustomError("labtool", "{what}; {fix}", {"what": what, "fix": fix})


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A mistake inside a section: where in it, what is wrong, what to write instead."""

    loc: tuple[str | int, ...]
    what: str
    fix: str


def misplaced(title: str, found: Sequence[Misplaced]) -> ValidationError:
    """Mistakes for a section's validator to raise: each is named with its own place."""
    errors = [
        InitErrorDetails(type=mistake(one.what, one.fix), loc=one.loc, input=None) for one in found
    ]
    return ValidationError.from_exception_data(title, errors)


def also(title: str, found: Sequence[Misplaced], rest: Callable[[], object]) -> ValidationError:
    """The same, with the mistakes that are met in reading the rest."""
    return together(title, misplaced(title, found).errors(include_url=False), rest)


def together(
    title: str, found: Sequence[ErrorDetails], rest: Callable[[], object]
) -> ValidationError:
    """What was found, with the mistakes that are met in reading the rest."""
    errors = list(found)
    try:
        rest()
    except ValidationError as error:
        errors += error.errors(include_url=False)
    return ValidationError.from_exception_data(title, [_again(detail) for detail in errors])


def inside(key: str, error: ValidationError, without: str = "") -> ValidationError:
    """The mistakes of what is below a key, with their places from above it. A part `without` is
    none that the YAML has."""
    found = error.errors(include_url=False)
    for one in found:
        one["loc"] = (key, *(part for part in one["loc"] if part != without))
    return ValidationError.from_exception_data(key, [_again(detail) for detail in found])


class Section(BaseModel):
    """The base of every model of the config: unknown keys are mistakes that name the
    nearest known one, and what was read does not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, str_strip_whitespace=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _known_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        known = [info.alias or name for name, info in cls.model_fields.items()]
        unknown = [key for key in data if key not in known]
        if not unknown:
            return handler(data)
        found = [Misplaced((key,), *unknown_key(key, known)) for key in unknown]
        rest = {key: value for key, value in data.items() if key in known}
        raise also(cls.__name__, found, lambda: handler(rest))


def unknown_key(key: str, known: list[str]) -> tuple[str, str]:
    """What is wrong with an unknown key, and what may have been meant."""
    near = get_close_matches(str(key), known, n=1)
    fix = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"
    return "is not a key that labtool knows here", fix


def _again(detail: ErrorDetails) -> InitErrorDetails:
    """A mistake that was found, to be raised once more among others."""
    message = detail["msg"].replace("{", "(").replace("}", ")")
    kind = PydanticCustomError(detail["type"], message, detail.get("ctx"))
    return InitErrorDetails(type=kind, loc=detail["loc"], input=detail["input"])


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def parse_duration(value: Any) -> timedelta:
    """`90s`, `15m`, `2.5h`, `2d`, `1w` or a sum of them such as `1h 30m`; `0` is none."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if text == "0":
        return timedelta(0)
    if not parts or _DURATION.sub("", text).strip() or isinstance(value, bool):
        raise mistake(
            f"{value!r} is not a duration", "write a number with s, m, h, d or w, such as 15m or 2d"
        )
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > 200 * 365 * 86400:
        raise mistake(f"{value!r} is too long", "write at most 200 years")
    return timedelta(seconds=seconds)


def duration_argument(option: str, text: str) -> timedelta:
    """A duration given on the command line. Raises UsageError."""
    try:
        return parse_duration(text)
    except PydanticCustomError as error:
        raise UsageError(f"{option}: {error.message()}") from None


def show_duration(value: timedelta) -> str:
    """A duration in the words that `parse_duration` reads: the two largest units."""
    seconds = int(value.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(show_duration),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": r"^\s*(0|(\d+(\.\d+)?\s*[smhdw]\s*)+)$",
            "examples": ["15m", "2d"],
        }
    ),
]


def _zone(value: Any) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise mistake(
            f"{value!r} is not a time zone", "write one such as Europe/Berlin or UTC"
        ) from None


Zone = Annotated[
    ZoneInfo,
    PlainValidator(_zone),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]}),
]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse_weekday(value: Any) -> int:
    """Monday is 0; a name in any case, or its first three letters."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 6:
        return value
    word = str(value).strip().casefold()
    for number, name in enumerate(WEEKDAYS):
        if word in (name, name[:3]):
            return number
    raise mistake(f"{value!r} is not a day of the week", "write monday or mon")


Weekday = Annotated[
    int,
    PlainValidator(parse_weekday),
    WithJsonSchema({"type": "string", "examples": ["monday", "mon"]}),
]


class OneOrMore:
    """Annotates a tuple whose brackets may be left out for a single entry."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Words = Annotated[tuple[str, ...], OneOrMore()]


def _when(value: Any) -> Schedule:
    if isinstance(value, Schedule):
        return value
    try:
        return parse_when(str(value))
    except ValueError as error:
        what, _, fix = str(error).rpartition("; ")
        raise mistake(what, fix) from None


When = Annotated[
    Schedule,
    PlainValidator(_when),
    PlainSerializer(str),
    WithJsonSchema(
        {
            "type": "string",
            "description": "every 3m, daily 09:00, mon 09:00, or a cron expression",
            "examples": ["every 15m", "daily 09:00", "mon..fri 08:30", "0 9 1 * *"],
        }
    ),
]


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _slug(value: Any) -> str:
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    raise mistake(f"{value!r} is not a name", "write small letters, digits and dashes: lab-outing")


Slug = Annotated[str, PlainValidator(_slug), WithJsonSchema({"type": "string"})]
"""A name that stands in file names, crontabs and keys."""
