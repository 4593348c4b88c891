"""What a site is made of: the nouns that tasks, which know what is to be shown, share with
the one that renders and writes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labtool.core.cells import Table
from labtool.core.config import Config
from labtool.core.errors import LabtoolError


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be: `path` in the site, a template of `html/`, and the values it shows.
    What is in `values` is data: the template escapes it. Where it trips over them, it is drawn
    with what `instead` has, if that is there."""

    path: str
    template: str
    values: dict[str, Any]
    instead: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A file that is ready: a calendar, JSON, a style sheet of colours."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the site's menu."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Given:
    """What a task gives to the site: its pages, and what of them is in the menu. What is
    `inside` is the lab's own and goes to a folder apart; `today` stands on its first page, and
    `system` on the one about labtool itself, if any other page is inside. `errors` are those of
    pages that could not be drawn; `owns` the paths (fnmatch patterns) that no other task's pages
    have: what is there of an earlier build goes, whatever became of the other tasks' parts."""

    pages: Sequence[Page | Raw] = ()
    menu: Sequence[Entry] = ()
    inside: Sequence[Page | Raw] = ()
    inside_menu: Sequence[Entry] = ()
    today: Sequence[Table] = ()
    system: Sequence[Table] = ()
    errors: Sequence[LabtoolError] = ()
    owns: Sequence[str] = ()


# Makes a task's part of the site from the task's state, as it is at an instant; nothing where
# the task is not set up.
Provider = Callable[[Config, datetime], Given]
