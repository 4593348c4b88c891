"""`kind: sheets`: the lab's sheets, as the config names them.

Its data:

    {"sheets": {NAME: [[cell, ...], ...]}, cells as text,
     "read": {NAME: {"fetched_at", "error"}}}

A sheet that could not be read keeps the cells that it had, with its own `fetched_at` (ISO 8601,
UTC) and `error`; one that never was read has none.

Series: `rows/NAME`.
"""

import time
from typing import Any, ClassVar, Literal

from pydantic import Field

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.config.types import Words
from labtool.core.errors import LabtoolError
from labtool.services.sheets import Sheets
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._parts import told


class Options(SourceOptions):
    """Some of the sheets, or all."""

    schema_version: ClassVar[int] = 2

    kind: Literal["sheets"]
    sheets: Words = Field(default=(), description="Their names; default: all")

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.google_sheets import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Read each sheet from its source. Raises the first error where none could be read."""
        from labtool.services import http

        every = Sheets(question.config, None)
        names = self.sheets or tuple(question.config.core.sheets)
        before = shapes.mapping(question.before)
        grids: dict[str, list[list[str]]] = {}
        read: dict[str, dict[str, Any]] = {}
        errors: dict[str, LabtoolError] = {}
        end = time.monotonic() + question.seconds
        for number, name in enumerate(names):
            left = (end - time.monotonic()) / (len(names) - number)
            try:
                with http.within(max(left, 0.1)):
                    grids[name] = [list(row) for row in every.probe(name).cells]
            except LabtoolError as error:
                errors[name] = error
                if old := _cells(shapes.mapping(before.get("sheets")).get(name)):
                    grids[name] = old
                at = shapes.mapping(shapes.mapping(before.get("read")).get(name))
                stamp = shapes.instant(at.get("fetched_at")) if old else None
                read[name] = {"fetched_at": stamp, "error": str(error)}
            else:
                read[name] = {"fetched_at": iso(question.now), "error": ""}
        if names and len(errors) == len(names):
            raise next(iter(errors.values()))
        numbers = {f"rows/{name}": float(len(grids[name])) for name in grids if name not in errors}
        problems = told("sheets", errors)
        return Answer({"sheets": grids, "read": read}, numbers, problems=problems)


def _cells(rows: Any) -> list[list[str]]:
    """The rows of a sheet of the last answer, as far as they are some."""
    return [[str(cell) for cell in row] for row in shapes.listed(rows) if isinstance(row, list)]
