"""The backups, for the page about labtool itself, and a line on today's where one is too old."""

from datetime import datetime

from labtool.core.cells import Cell, moment, table, word
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.site import Given
from labtool.tasks.backup.age import Age, ages, warnings

_HOW = {
    "drill": "restored, {} files",
    "read": "read, {} files",
    "stored": "stored bytes read",
    "failed": "failed: see labtool alerts",
}


def provide(config: Config, now: datetime) -> Given:
    """What this machine knows of them. Raises StateError and ConfigError."""
    if not config.has("backup"):
        return Given(system=[table("Backups", (), (), empty="The config names none (backup:).")])
    database = Database.snapshot(config.state)
    rows = [_row(age) for age in ages(config, database, now)]
    columns = ("Set", "At", "Newest copy", "State", "Verified", "How")
    late = [[word(text)] for text in warnings(config, database, now)]
    return Given(
        today=[table("Backups that need an admin", ("What",), late)],
        system=[table("Backups", columns, rows, empty="The config names no sets.")],
    )


def _row(age: Age) -> list[Cell]:
    verified = age.verified
    return [
        word(age.set),
        word(age.place),
        moment(age.newest) if age.newest else word("never"),
        word("too old" if age.late else "good"),
        moment(verified.at) if verified else word("never"),
        word(_HOW.get(verified.how, " ").format(verified.count) if verified else " "),
    ]
