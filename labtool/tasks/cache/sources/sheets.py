"""`kind: sheets`: the lab's sheets, as the config names them.

Its data: `{"sheets": {NAME: [[cell, ...], ...]}}`, cells as text.
"""

from typing import Literal

from pydantic import Field

from labtool.core.config.types import Words
from labtool.services.sheets import Sheets
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions


class Options(SourceOptions):
    """Some of the sheets, or all."""

    kind: Literal["sheets"]
    sheets: Words = Field(default=(), description="Their names; default: all")

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.google_sheets import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Read each sheet from its source."""
        every = Sheets(question.config, None)
        names = self.sheets or tuple(question.config.core.sheets)
        grids = {name: every.probe(name).cells for name in names}
        return Answer(
            {"sheets": {name: [list(row) for row in cells] for name, cells in grids.items()}},
            {f"rows/{name}": float(len(cells)) for name, cells in grids.items()},
        )
