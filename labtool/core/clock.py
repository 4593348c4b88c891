"""What time it is: for the lab, and for a run that was told to pretend."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Clock:
    """The time in the lab's zone. `pretend` (UTC) replaces the time of the start.

    A pretended clock still runs: seconds pass from the pretended instant on.
    """

    zone: ZoneInfo
    pretend: datetime | None = None
    _started: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The present instant, in UTC."""
        if self.pretend is None:
            return datetime.now(UTC)
        return self.pretend + timedelta(seconds=time.monotonic() - self._started)

    def local(self) -> datetime:
        """The present instant, in the lab's zone."""
        return self.now().astimezone(self.zone)

    def today(self) -> date:
        """The lab's calendar day."""
        return self.local().date()


def parse_at(text: str, zone: ZoneInfo) -> datetime:
    """The instant that `--at TIME` names, in UTC.

    `text` is ISO 8601 (`2026-11-22`, `2026-11-22T09:00`, `2026-11-22T09:00Z`); without
    an offset it is the lab's local time. Raises UsageError for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--at {text!r} is not a time", fix="write it as 2026-11-22 or 2026-11-22T09:00"
        ) from None
    if not 1970 <= moment.year <= 9000:
        fix = "write a year between 1970 and 9000"
        raise UsageError(f"--at {text!r} is out of range", fix=fix)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """An instant as it is stored: UTC, ISO 8601, to the millisecond, ending in Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """The instant that `iso` stored."""
    return datetime.fromisoformat(text)


def machine_zone() -> ZoneInfo:
    """The machine's own time zone, as far as it has a name; UTC otherwise."""
    names = [os.environ.get("TZ", "").removeprefix(":")]
    with suppress(OSError):
        names.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    with suppress(OSError):
        names.append(os.fspath(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2])
    for name in names:
        with suppress(KeyError, ValueError, OSError):
            if name:
                return ZoneInfo(name)
    return ZoneInfo("UTC")
