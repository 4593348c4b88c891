"""Times as instruments write them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.clock import iso

# After ISO 8601. Those of the United States come before others: so do the instruments.
_USUAL = (
    "%m/%d/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
)


def reader(formats: Sequence[str], zone: ZoneInfo) -> Callable[[str], str]:
    """What makes the instant (as `core.clock.iso` writes it) of a time in a row; empty where
    it is none. A time without an offset is in `zone`."""
    wanted = (*formats, *_USUAL)

    def read(text: str) -> str:
        moment = _read(text.strip().strip('"'), wanted)
        if moment is None or not 1971 <= moment.year <= 9000:
            return ""
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=zone))

    return read


def _read(text: str, formats: Sequence[str]) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (the caller knows the zone)
        except ValueError:
            continue
    return None
