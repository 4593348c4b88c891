"""How sheets are laid out: one file a layout, by the name that `layout:` in the config uses.

A layout reads a grid of cells and says what it found and what is wrong with which cell; a
row that is wrong never stops the others.
"""

from importlib import import_module
from typing import Protocol, cast

from labtool.core.errors import Problem
from labtool.core.tables import Grid
from labtool.tasks.remind.data import Duty
from labtool.tasks.remind.layouts._meetings import MeetingsSheet, Types


class Layout(Protocol):
    """What a layout's module offers."""

    def duties(self, grid: Grid) -> tuple[list[Duty], list[Problem]]:
        """The duties, and the mistakes in the sheet."""

    def meetings(self, grid: Grid, types: Types) -> tuple[MeetingsSheet, list[Problem]]:
        """The meetings, and the mistakes in the sheet."""


def layout(name: str) -> Layout:
    """The layout of this name, one of those that the config's model allows."""
    return cast("Layout", import_module(f"{__name__}.{name}"))


__all__ = ["Layout", "MeetingsSheet", "Types", "layout"]
