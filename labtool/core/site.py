"""What a site is made of: the nouns that tasks, which know what is to be shown, share with
the one that renders and writes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from labtool.core.config import Config


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be: `path` in the site, a template of `html/`, and the values it shows.
    What is in `values` is data: the template escapes it."""

    path: str
    template: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """A file that is ready: a calendar, JSON, a style sheet of colours."""

    path: str
    content: bytes


class Provider(Protocol):
    """What a task gives to the site: the pages that its state makes at an instant, in the
    order of the site's menu. Nothing where the task is not set up."""

    def __call__(self, config: Config, now: datetime) -> Sequence[Page | Raw]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the site's menu."""

    path: str
    title: str
