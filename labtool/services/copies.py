"""Copies of sheets as they last were good."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from labtool.core.clock import from_iso, iso
from labtool.core.files import write_atomic
from labtool.core.tables import Grid

_VERSION = 1


class Copies:
    """One file a sheet in a folder. A copy belongs to the source it came from: when the
    config names another, it does not serve. With `keep` false they are read only.
    """

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder = folder
        self._keep = keep

    def put(self, grid: Grid, identity: str) -> None:
        """Keep a copy. Raises StateError when the folder cannot be written to."""
        if not self._keep:
            return
        document = {
            "version": _VERSION,
            "identity": _hashed(identity),
            "source": grid.source,
            "fetched_at": iso(grid.fetched_at),
            "cells": grid.cells,
        }
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        write_atomic(self._path(grid.name), content, 0o600)

    def get(self, name: str, identity: str) -> Grid | None:
        """The last good copy of this sheet from this source; None if there is none or it
        cannot be read.
        """
        try:
            document: Any = json.loads(self._path(name).read_text(encoding="utf-8"))
            if document["version"] != _VERSION or document["identity"] != _hashed(identity):
                return None
            cells = tuple(tuple(str(cell) for cell in row) for row in document["cells"])
            taken: datetime = from_iso(document["fetched_at"])
            return Grid(name, str(document["source"]), cells, taken)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, name: str) -> Path:
        # Sheets are named by people; their files must not be able to leave the folder.
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:80]
        mark = "" if safe == name else "-" + _hashed(name)[:8]
        return self._folder / f"{safe}{mark}.json"


def aged(grid: Grid, reason: str) -> Grid:
    """A copy that serves, with why."""
    return replace(grid, reason=reason)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
