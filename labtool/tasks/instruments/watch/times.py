"""Times as instruments write them."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.core.clock import iso

_ISO_MINUTE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_SECONDS = re.compile(r":([0-5]\d)(?:[.,](\d{1,9}))?")
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
    # Of ISO 8601, by far the most: a minute of the log as its minute in UTC. Offsets from UTC,
    # and their changes, are whole minutes.
    known, begun = "", ""

    def read(text: str) -> str:
        nonlocal known, begun
        minute, rest = text[:16], text[16:]
        if minute == known:
            # As most write them, to the millisecond.
            if len(rest) == 7 and rest[0] == ":" and rest[3] == "." and rest[1] < "6":
                if rest[1:3].isdigit() and rest[4:].isdigit() and rest.isascii():
                    return f"{begun}{rest}Z"
            elif found := _SECONDS.fullmatch(rest):
                return f"{begun}:{found[1]}.{(found[2] or '000')[:3]:0<3}Z"
        moment = _read(text.strip().strip('"'), wanted)
        # Room on both sides, as an offset may move it into another year.
        if moment is None or not 1971 < moment.year < 9000:
            return ""
        instant = iso(moment if moment.tzinfo else moment.replace(tzinfo=zone))
        plain = _ISO_MINUTE.fullmatch(minute) and _SECONDS.fullmatch(rest)
        known, begun = (minute, instant[:16]) if plain else ("", "")
        return instant

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
