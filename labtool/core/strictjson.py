"""JSON from elsewhere, as RFC 8259 has it: what was read can be written again, by anybody."""

import json
import math
from typing import Any

# Levels of lists and objects in one another: Python's reader takes more than its writer.
DEEPEST = 50


def parse(text: str | bytes, levels: int = DEEPEST) -> Any:
    """The document. Raises ValueError for what is no JSON (NaN and numbers too large for
    anybody included), or is nested more than so many levels deep."""
    try:
        document = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if _deeper_than(levels, document):
        raise ValueError(f"it is nested more than {levels} levels deep")
    return document


def _deeper_than(levels: int, document: Any) -> bool:
    at = [document] if isinstance(document, dict | list) else []
    while at and levels:
        inner = (v.values() if isinstance(v, dict) else v for v in at)
        at = [v for values in inner for v in values if isinstance(v, dict | list)]
        levels -= 1
    return bool(at)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value")
