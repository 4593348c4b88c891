"""Which tasks give pages to the site, in the order of its menu.

To add pages, write a `Provider` (core/site.py) beside the task and add its line here.
"""

import time
from datetime import datetime
from pkgutil import resolve_name

from labtool.core.config import Config
from labtool.core.site import Given, Provider

PROVIDERS = {
    "ptg": "labtool.tasks.ptg.pages:provide",
    "report": "labtool.tasks.report.pages:provide",
    "remind": "labtool.tasks.remind.pages:provide",
    "instruments": "labtool.tasks.instruments.pages:provide",
    "backup": "labtool.tasks.backup.pages:provide",
    "workflow": "labtool.tasks.workflow.pages:provide",
    "cache": "labtool.tasks.cache.pages:provide",
}
# How long what was given is good enough beside what changes with every word, in seconds.
_GOOD_ENOUGH = 60.0


def providers() -> list[Provider]:
    """The providers, imported now."""
    return [_load(name) for name in PROVIDERS.values()]


def providers_around(task: str) -> list[Provider]:
    """The providers for who builds often, as a task's part changes: those of the others give
    again what they gave in the last minute."""
    return [
        provider if name == task else _Remembered(provider)
        for name, provider in zip(PROVIDERS, providers(), strict=True)
    ]


class _Remembered:
    def __init__(self, provide: Provider) -> None:
        self._provide = provide
        self._given = Given()
        self._until = 0.0

    def __call__(self, config: Config, now: datetime) -> Given:
        if time.monotonic() > self._until:
            self._given = self._provide(config, now)
            self._until = time.monotonic() + _GOOD_ENOUGH
        return self._given


def _load(name: str) -> Provider:
    found: Provider = resolve_name(name)
    return found
