"""The cache files: `STATE/cache/NAME.json`, whole or not there.

    {"name", "kind", "schema", "fetched_at", "ok", "error", "data"}

`fetched_at` (UTC, ISO 8601) and `data` are those of the last success, also after a failure;
`ok` is false then, and `error` says why.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from labtool.core.files import write_atomic


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
    """What is kept; None where there is nothing, or nothing that can be read."""
    try:
        found = json.loads((folder / f"{name}.json").read_bytes())
        return Kept(**{key: found[key] for key in Kept.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
