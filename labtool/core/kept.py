"""The cache files: `STATE/cache/NAME.json`, whole or not there.

    {"name", "kind", "schema", "fetched_at", "ok", "error", "data"}

`fetched_at` (UTC, ISO 8601) and `data` are those of the last success, also after a failure;
`ok` is false then, and `error` says why.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from labtool.core import strictjson
from labtool.core.clock import from_iso
from labtool.core.files import write_atomic

# What a source answers may be as deep as JSON from elsewhere, and stands in a document of ours.
_DEEPEST = strictjson.DEEPEST + 10


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one source."""

    name: str
    kind: str
    schema: int
    fetched_at: str | None
    ok: bool
    error: str
    data: Any


def load(folder: Path, name: str) -> Kept | None:
    """What is kept; None where there is nothing, or nothing that `store` could have written."""
    try:
        found = strictjson.parse((folder / f"{name}.json").read_bytes(), _DEEPEST)
        kept = Kept(**{key: found[key] for key in Kept.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if _is_sound(kept) else None


def _is_sound(kept: Kept) -> bool:
    words = (kept.name, kept.kind, kept.error)
    if not all(isinstance(word, str) for word in words) or type(kept.schema) is not int:
        return False
    return isinstance(kept.ok, bool) and _is_moment(kept.fetched_at)


def _is_moment(text: Any) -> bool:
    """An instant that can be shown in any zone; or none."""
    if text is None:
        return True
    try:
        moment = from_iso(text)
    except (ValueError, TypeError):
        return False
    return moment.tzinfo is not None and 1970 <= moment.replace(tzinfo=UTC).year <= 9000


def store(folder: Path, kept: Kept) -> None:
    """Keep it. Raises StateError."""
    text = json.dumps(asdict(kept), ensure_ascii=False, allow_nan=False)
    content = text.encode("utf-8", "replace")
    # Some of it is about people.
    write_atomic(folder / f"{kept.name}.json", content, 0o600)


def failed(folder: Path, name: str, kind: str, schema: int, error: str) -> Kept:
    """What is kept after a failure: the old data, and why there is no newer one."""
    old = load(folder, name)
    if old is None or old.kind != kind:
        return Kept(name, kind, schema, None, ok=False, error=error, data=None)
    return replace(old, ok=False, error=error)
