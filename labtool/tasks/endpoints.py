"""Which tasks answer requests in `labtool serve`.

To add endpoints, write a function that makes routes from a `Site` beside the task, and add
its line here; the first that matches a request answers it.
"""

from pkgutil import resolve_name

from labtool.core.endpoints import Endpoints

ENDPOINTS = (
    "labtool.tasks.instruments.center.serving:endpoints",
    "labtool.tasks.jobs.webhooks.serving:endpoints",
    "labtool.tasks.page.serving:endpoints",
)


def endpoints() -> list[Endpoints]:
    """What makes the routes, imported now."""
    return [_load(name) for name in ENDPOINTS]


def _load(name: str) -> Endpoints:
    found: Endpoints = resolve_name(name)
    return found
