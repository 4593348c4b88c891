"""What `labtool check` looks at: sources that have nothing to ask with, and that nobody asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from labtool.core.config import Config
from labtool.core.config.models import Timer
from labtool.core.config.types import show_duration
from labtool.tasks.cache.section import Cache

# Any moment will do, to see how often a timer runs in a day.
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def notes(config: Config) -> Iterator[str]:
    """What a person should know of the sources. Raises ConfigError."""
    sources = config.section("cache", Cache).sources
    for name, source in sources.items():
        missing = source.missing(config)
        if missing:
            yield f"{config.where('cache', name)}: cache.{name} {missing}"
    timers = {
        name: timer
        for name, timer in config.core.timers.items()
        if timer.run.split(" ")[0] == "cache"
    }
    if sources and not timers:
        what = "nothing asks the sources: no timer runs cache"
        yield f"{config.where('cache')}: {what}; write caches: {{run: cache, when: every 3m}}"
    # Where each timer names its own sources or beats, who wrote them knows why.
    if [timer.run for timer in timers.values()] == ["cache"]:
        [(name, timer)] = timers.items()
        often = _longest(config, timer)
        seldom = [key for key, source in sources.items() if source.every < often]
        if seldom:
            what = f"runs each {show_duration(often)}, and {', '.join(seldom)} more often"
            yield f"{config.where('timers', name, 'when')}: timers.{name} {what}: write that there"


def _longest(config: Config, timer: Timer) -> timedelta:
    """The longest time between two runs of a day."""
    longest, at = timedelta(0), _NOON
    while at < _NOON + timedelta(days=1):
        after = timer.when.next_after(at, config.core.lab.timezone)
        if at > _NOON:
            longest = max(longest, after - at)
        at = after
    return longest
