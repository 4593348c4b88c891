"""Whether cron, which knows only the machine's clock, keeps the lab's time."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

# Long enough to see the clock set forward and back.
_COMPARED = timedelta(days=400)
_HOUR = timedelta(hours=1)


def cron_keeps(
    zone: ZoneInfo,
    now: datetime,
    *,
    environment: Mapping[str, str] = os.environ,
    localtime: Path = Path("/etc/localtime"),
) -> bool:
    """Whether the machine's clock shows the time of `zone`, this year and next.

    A daemon may or may not have been given the `TZ` of this process: where there is one,
    it must agree as well as `localtime`. A zone that cannot be read does not agree.
    """
    try:
        clocks = [_local_file(localtime)]
        if "TZ" in environment:
            clocks.append(_named(environment["TZ"]))
    except (OSError, ValueError):
        return False
    return all(_same(clock, zone, now) for clock in clocks)


def _local_file(path: Path) -> ZoneInfo:
    try:
        with path.open("rb") as file:
            return ZoneInfo.from_file(file)
    except FileNotFoundError:
        return ZoneInfo("UTC")  # what the C library takes then


def _named(name: str) -> ZoneInfo:
    name = name.removeprefix(":")
    if name.startswith("/"):
        return _local_file(Path(name))
    try:
        return ZoneInfo(name or "UTC")
    except KeyError as error:  # a rule such as CET-1CEST
        raise ValueError(name) from error


def _same(one: ZoneInfo, other: ZoneInfo, now: datetime) -> bool:
    moment = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = moment + _COMPARED
    while moment < end:
        if moment.astimezone(one).utcoffset() != moment.astimezone(other).utcoffset():
            return False
        moment += _HOUR
    return True
