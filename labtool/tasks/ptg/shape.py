"""What the board's JSON file may hold: the format that event bots and pages have shared for
years (openstack/ptgbot). Keys that are not known here survive untouched.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    ValidationInfo,
)
from pydantic import ValidationError as PydanticError

from labtool.core import strictjson
from labtool.core.errors import Failed

# A check-in or a subscription that is kept for people; the public file leaves these out.
PRIVATE_KEYS = ("subscriptions", "subscription_owners")
# Everything the board itself keeps, in the order it is written.
EMPTY: dict[str, Any] = {
    "eventid": "",
    "timestamp": "",
    "voice": 0,
    "tracks": [],
    "slots": {},
    "schedule": {},
    "now": {},
    "next": {},
    "location": {},
    "colors": {},
    "urls": {},
    "etherpads": {},
    "links": {},
    "motd": [],
    "last_check_in": {},
    "subscriptions": {},
}
LEVELS = ("info", "success", "warning", "danger")
_MOST = 20_000
# What pydantic calls in other words.
_WORDS = {
    "model_type": "is not an object",
    "model_attributes_type": "is not an object",
    "dict_type": "is not an object",
    "list_type": "is not a list",
    "string_type": "is not text",
}
_ROOM_WORDS = ("url", "desc", "cap_icon", "cap_desc")

Text = Annotated[StrictStr, StringConstraints(max_length=5000)]
Minutes = Annotated[int, Field(ge=-10_080, le=10_080)]
Name = Annotated[StrictStr, StringConstraints(min_length=1, max_length=100)]


def _few(value: Any, info: ValidationInfo) -> Any:
    if len(value) > _MOST and not info.context:
        raise ValueError(f"has {len(value)} entries, more than any event needs")
    return value


Few = AfterValidator(_few)


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Slot(_Open):
    name: Name
    desc: Text | None = None
    realtime: Text | None = None
    duration: float | Text | None = None


class _Motd(_Open):
    level: Literal["info", "success", "warning", "danger"]
    message: Text


class _CheckIn(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    nick: Text | None = None
    location: Text | None = None
    came: Text | None = Field(default=None, alias="in")
    out: Text | None = None


class _Database(_Open):
    tracks: Annotated[list[Name], Few] = []
    slots: Annotated[dict[Name, list[_Slot]], Few] = {}
    schedule: Annotated[dict[Name, dict[Name, Text | None]], Few] = {}
    now: dict[Name, Text] = {}
    next: dict[Name, list[Text]] = {}
    etherpads: dict[Name, Text] = {}
    urls: dict[Name, Text] = {}
    colors: dict[Name, Text] = {}
    location: dict[Name, Text] = {}
    links: dict[Text, Text] = {}
    motd: list[_Motd] = []
    voice: Literal[0, 1] | bool = 0
    eventid: Text = ""
    last_check_in: Annotated[dict[Name, _CheckIn], Few] = {}
    subscriptions: Annotated[dict[Name, Text | None], Few] = {}
    subscription_owners: dict[Name, Text] = {}
    delays: dict[Name, dict[Name, Minutes]] = {}
    timestamp: Text | None = None


def parse(raw: bytes, where: str, *, own: bool = False) -> dict[str, Any]:
    """The document in a file or from a server, with only the keys that it brings. How many
    entries the board's `own` file has is its own affair.

    Raises Failed for what is no JSON, or not of this shape, and says where in it.
    """
    try:
        document = strictjson.parse(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise Failed(f"is not JSON ({_short(error)})", where=where, code="board_json") from None
    if not isinstance(document, dict):
        raise Failed("is not a JSON object", where=where, code="board_shape")
    document = _migrated(document)
    try:
        _Database.model_validate(document, context=own)
    except PydanticError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in problem["loc"][:4])
        what = _WORDS.get(problem["type"], problem["msg"].lower())
        raise Failed(f"{key}: {what}", where=where, code="board_shape") from None
    return document


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """A document with every key that the board works with; the tracks are sorted."""
    whole = {**{key: _copy(value) for key, value in EMPTY.items()}, **document}
    whole["tracks"] = sorted(set(whole["tracks"]))
    whole["voice"] = int(whole["voice"])
    whole["timestamp"] = whole["timestamp"] or ""
    return whole


def public(document: dict[str, Any]) -> dict[str, Any]:
    """What everybody may see of it."""
    return {key: value for key, value in document.items() if key not in PRIVATE_KEYS}


def dump(document: dict[str, Any]) -> bytes:
    """The file's bytes."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def bookable(room: dict[str, Any]) -> dict[str, str]:
    """A room's slots: name to track, or to nothing where it is free. What describes the
    room stands among them in the file."""
    return {name: track or "" for name, track in room.items() if name not in _ROOM_WORDS}


def scheduled(document: dict[str, Any]) -> set[str]:
    """The tracks that a document's schedule mentions."""
    rooms = document.get("schedule", {}).values()
    return {track for room in rooms for track in bookable(room).values() if track}


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    """The message of the day was one object once; and no key needs to hold null."""
    found = {key: value for key, value in document.items() if value is not None or key not in EMPTY}
    motd = found.get("motd")
    if isinstance(motd, dict):
        text = motd.get("message")
        found["motd"] = [{"level": motd.get("level") or "info", "message": text}] if text else []
    return found


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, dict | list) else value


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:100] if str(error) else type(error).__name__
