"""Which tasks give pages to the site, in the order of its menu.

To add pages, write a `Provider` (core/site.py) beside the task and add its line here.
"""

from importlib import import_module

from labtool.core.site import Provider

PROVIDERS = ("labtool.tasks.ptg.pages:provide",)


def providers() -> list[Provider]:
    """The providers, imported now."""
    return [_load(name) for name in PROVIDERS]


def _load(name: str) -> Provider:
    module, _, attribute = name.partition(":")
    found: Provider = getattr(import_module(module), attribute)
    return found
