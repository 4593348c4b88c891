"""How much something may be: `20 GB`, `500 MB`, `4 GiB`, or bytes."""

import re
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from labtool.core.config.types import mistake

_UNITS = {"": 1, "B": 1} | {
    f"{letter}{ending}": base**power
    for power, letter in enumerate("KMGT", 1)
    for ending, base in (("B", 1000), ("IB", 1024))
}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)\s*([A-Za-z]*)", re.ASCII)


def parse_size(value: Any) -> int:
    """Bytes. Raises a mistake of the config."""
    found = _SIZE.fullmatch(str(value).strip())
    if isinstance(value, bool) or not found or found[2].upper() not in _UNITS:
        raise mistake(f"{value!r} is no size", "write a number with MB, GB or TB, such as 20 GB")
    size = int(float(found[1]) * _UNITS[found[2].upper()])
    if size < 1:
        raise mistake(f"{value!r} is nothing", "write how much it may be, such as 20 GB")
    return size


def show_size(value: int) -> str:
    """A size in words: `20 GB`."""
    for unit in ("TB", "GB", "MB", "KB"):
        if value >= _UNITS[unit] and value % _UNITS[unit] == 0:
            return f"{value // _UNITS[unit]} {unit}"
    return str(value)


Size = Annotated[
    int,
    PlainValidator(parse_size),
    PlainSerializer(show_size),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["20 GB", "500 MB"]}),
]
