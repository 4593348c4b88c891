"""Which sources are to be asked now. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from labtool.core.errors import UsageError
from labtool.tasks.cache.sources._base import SourceOptions

# A timer is not as exact as its beat: who is this close to being due is.
_EARLY = 0.1
_MOST_EARLY = timedelta(minutes=1)


def chosen(
    sources: Mapping[str, SourceOptions],
    tried: Mapping[str, datetime],
    now: datetime,
    *,
    names: Collection[str] = (),
    every: timedelta | None = None,
    force: bool = False,
) -> list[str]:
    """The named sources, or those with this beat; without either those that are due, or all
    with `force`. `tried` is when each was asked last. Raises UsageError."""
    unknown = [name for name in names if name not in sources]
    if unknown:
        known = ", ".join(sources) or "none"
        raise UsageError(f"there is no source {unknown[0]}", fix=f"there are: {known}")
    beats = {source.every for source in sources.values()}
    if every is not None and every not in beats:
        raise UsageError("no source has this beat", fix="see: labtool cache list")
    wanted = [name for name in sources if not names or name in names]
    wanted = [name for name in wanted if every is None or sources[name].every == every]
    if names or every is not None or force:
        return wanted
    return [name for name in wanted if is_due(sources[name].every, tried.get(name), now)]


def is_due(every: timedelta, tried: datetime | None, now: datetime) -> bool:
    """Whether a beat has passed; a time in the future was noted by a clock that was wrong."""
    if tried is None or tried > now:
        return True
    return now - tried >= every - min(every * _EARLY, _MOST_EARLY)
