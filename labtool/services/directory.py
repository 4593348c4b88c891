"""The lab's people: the config's list, and the people's sheet."""

from labtool.core.config import Config
from labtool.core.errors import Problem
from labtool.core.people import People
from labtool.core.roster import from_entries, join, read_people
from labtool.services.sheets import Sheets


def load_people(config: Config, sheets: Sheets) -> tuple[People, list[Problem]]:
    """Everybody, and what is wrong with their entries. Of one person in both, the list's
    entry counts. Raises as `Sheets.read` when the sheet cannot be had.
    """
    listed, problems = listed_people(config)
    name = config.core.people.sheet or ("people" if "people" in sheets else "")
    if not name:
        return listed, problems
    from_sheet, mistakes = read_people(sheets.read(name))
    return People.of(join(listed.everyone, from_sheet)), [*problems, *mistakes]


def listed_people(config: Config) -> tuple[People, list[Problem]]:
    """The people of the config's list alone: they are known whatever becomes of sheets."""
    people, problems = from_entries(
        config.core.people.list_, lambda number: config.where("people", "list", number)
    )
    return People.of(people), problems
