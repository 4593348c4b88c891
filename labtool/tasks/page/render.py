"""Templates and values -> pages. What people wrote is escaped, whatever it is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labtool.core.resources import folder
from labtool.core.site import Page, Raw

_ASSETS = {
    "style.css": "site/style.css",
    "icon.svg": "site/icon.svg",
    "live.js": "site/live.js",
    "idiomorph.js": "vendor/idiomorph.min.js",
    "plots.js": "lab/plots.js",
    "instruments.js": "lab/instruments.js",
    "uplot.js": "vendor/uplot.min.js",
    "uplot.css": "vendor/uplot.min.css",
}
# Everything comes from the site itself, and nothing that stands in a page runs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'"
)


def render(
    pages: Iterable[Page | Raw],
    common: Mapping[str, Any],
    now: datetime,
    undrawn: Callable[[Page, Exception], None],
) -> dict[str, bytes]:
    """The site's files by path. `common` are values that every page has. A page whose template
    trips over its values is `undrawn`, and costs itself alone."""
    found: dict[str, bytes] = {}
    assets = _assets()
    names = {name: versioned(name, content) for name, content in assets.items()}
    environment = _environment()
    shared = {**common, "assets": names, "policy": POLICY, "now": now}
    for page in pages:
        if isinstance(page, Raw):
            found[page.path] = page.content
        else:
            try:
                found[page.path] = _drawn(environment, page, shared, page.values)
            except Exception as error:  # noqa: BLE001  (nobody can foresee what a vendor says)
                undrawn(page, error)
                if page.instead is not None:
                    values = {**page.values, **page.instead}
                    found[page.path] = _drawn(environment, page, shared, values)
    used = {
        names[name]: content
        for name, content in assets.items()
        if any(names[name].encode() in page for page in found.values())
    }
    return {**used, **found}


def _drawn(
    environment: Environment, page: Page, shared: Mapping[str, Any], values: Mapping[str, Any]
) -> bytes:
    template = environment.get_template(page.template)
    text = template.render({**shared, "path": page.path, **values})
    # A lone surrogate, which JSON can hold, is no character.
    return text.encode("utf-8", "replace")


def versioned(name: str, content: bytes) -> str:
    """A file's name with a part of its content's digest, so that a browser that kept the old
    one asks for the new one."""
    stem, _, ending = name.rpartition(".")
    return f"assets/{stem}-{hashlib.sha256(content).hexdigest()[:10]}.{ending}"


@cache
def _assets() -> dict[str, bytes]:
    return {name: _html(path).read_bytes() for name, path in _ASSETS.items()}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(folder("html")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _html(path: str) -> Path:
    return folder("html") / path
