"""What `labtool check` looks at: sources that have nothing to ask with."""

from collections.abc import Iterator

from labtool.core.config import Config
from labtool.tasks.cache.section import Cache


def notes(config: Config) -> Iterator[str]:
    """What a person should know of the sources. Raises ConfigError."""
    for name, source in config.section("cache", Cache).sources.items():
        missing = source.missing(config)
        if missing:
            yield f"{config.where('cache', name)}: cache.{name} {missing}"
