"""When credentials run out, as far as those who gave them have said so."""

from datetime import UTC, datetime

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database, Marks

_SPACE = "credentials"


def remember(database: Database, name: str, ends: datetime | None) -> None:
    """`name` runs out then; None: it does not, or nobody says so."""
    marks = Marks(database, _SPACE)
    if ends is not None:
        marks.put(name, iso(ends), iso(datetime.now(UTC)))
    elif marks.get(name) is not None:
        marks.remove(name)


def ends(database: Database) -> dict[str, datetime]:
    """What is known to run out, and when (UTC)."""
    return {name: from_iso(text) for name, text in Marks(database, _SPACE).all().items()}
