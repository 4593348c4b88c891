"""An invented lab for the tests of reminders, built from the text of its sheets."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from labtool.core.config import load
from labtool.core.config.marks import Marked, parse
from labtool.core.errors import Problem
from labtool.core.messages import Recipient
from labtool.core.people import People, Person
from labtool.core.tables import Grid
from labtool.core.text import plain
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.gather import Source, Sources, gather
from labtool.tasks.remind.plan import DayPlan
from labtool.tasks.remind.section import Remind
from labtool.tasks.sections import SECTIONS

CONFIG = Path(__file__).parents[3] / "config"
ANN = Person("ann-lee", "Ann Lee", email="ann@example.org", role="pi", birthday=(3, 20))
BOB = Person("bob-stone", "Bob Stone", aliases=("Bobby",), role="staff", birthday=(2, 29))
CARLA = Person("carla-diaz", "Carla Díaz", role="student", birthday=(2, 28))
DEV = Person("dev-rao", "Dev Rao", role="student", end=date(2026, 11, 30))
ANNA = Person("anna-berg", "Anna Berg", role="student", start=date(2027, 1, 1))
EVERYBODY = (ANN, BOB, CARLA, DEV, ANNA)


def grid(name: str, text: str) -> Grid:
    """A sheet from CSV text."""
    rows = csv.reader(io.StringIO(text.strip("\n")))
    return Grid(name, f"{name}.csv", tuple(map(tuple, rows)), datetime(2026, 11, 22, tzinfo=UTC))


def section(text: str) -> Remind:
    """A `remind` section from YAML."""
    marked = Marked("labtool.yaml")
    parse(text, marked, {})
    assert not marked.problems
    return Remind.model_validate(marked.data)


def lab(
    remind: Remind | None = None,
    *,
    duties: str = "",
    meetings: str = "",
    absences: str = "",
    layout: str = "plain",
    as_of: date = date(2026, 11, 22),
    people: Iterable[Person] = EVERYBODY,
    **more: Any,
) -> tuple[LabData, list[Problem]]:
    """The lab's data from the text of its sheets; Ann is the admin."""
    sources = Sources(
        Source(grid("duties", duties), layout) if duties else None,
        Source(grid("meetings", meetings), layout) if meetings else None,
        Source(grid("absences", absences)) if absences else None,
        more.pop("events", ()),
    )
    options = {"lab": "Example Lab", "admins": (Recipient("person", ANN.key),)} | more
    return gather(remind or Remind(), sources, People.of(people), as_of=as_of, **options)


def said(plan: DayPlan) -> list[tuple[str, str]]:
    """Who is told what, as people read it."""
    return [(item.message.to.name, plain(item.message.text)) for item in plan.items]


def example() -> Remind:
    """The section of the example config."""
    config = load(CONFIG / "labtool.example.yaml", SECTIONS)
    return config.section("remind", Remind)
