"""The lab's people: the config's list, and the people's sheet."""

from collections.abc import Callable, Sequence

from labtool.core.config import Config
from labtool.core.config.models import PersonEntry
from labtool.core.errors import Problem
from labtool.core.people import People
from labtool.core.roster import NEEDED, from_both, from_entries
from labtool.services.sheets import Sheets


def load_people(config: Config, sheets: Sheets) -> tuple[People, list[Problem]]:
    """Everybody, and what is wrong with their entries. Of one person in both, the list's
    entry counts. Raises as `Sheets.read` when the sheet cannot be had.
    """
    name = config.core.people.sheet or ("people" if "people" in sheets else "")
    if not name:
        return listed_people(config)
    people, problems = from_both(*_listed(config), sheets.read(name, NEEDED))
    return People.of(people), problems


def listed_people(config: Config) -> tuple[People, list[Problem]]:
    """The people of the config's list alone: they are known whatever becomes of sheets."""
    people, problems = from_entries(*_listed(config))
    return People.of(people), problems


def _listed(config: Config) -> tuple[Sequence[PersonEntry], Callable[[int], str]]:
    return config.core.people.list_, lambda number: config.where("people", "list", number)
