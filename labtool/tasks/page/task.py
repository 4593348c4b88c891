"""Building the site: what the tasks give, rendered, written."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from labtool.core.clock import iso
from labtool.core.config import Config
from labtool.core.errors import AlreadyRunning, Failed, Temporary
from labtool.core.files import write_atomic
from labtool.core.lock import hold
from labtool.core.site import Entry, Page, Provider, Raw
from labtool.tasks.page.render import render
from labtool.tasks.page.section import Page as Section
from labtool.tasks.page.write import compare, write

# Tells a page in a browser that somebody still builds it.
ALIVE = "alive.json"
# How long another build is waited for, in seconds.
_PATIENCE = 5.0


def folder(config: Config) -> Path:
    """Where the site is. Raises Failed for a folder that holds what is nobody's business."""
    found = config.resolve(config.section("page", Section).output)
    for inside in (config.path, config.state):
        if inside.resolve().is_relative_to(found.resolve()):
            what = f"page.output ({found}) would publish {inside.name}"
            fix = "write a folder for the site alone, such as site"
            raise Failed(what, where=config.where("page", "output"), fix=fix, code="site_folder")
    return found


def files(config: Config, providers: Iterable[Provider], now: datetime) -> dict[str, bytes]:
    """The site's files by path. Raises Failed, and ConfigError for a section of a task."""
    section = config.section("page", Section)
    pages: list[Page | Raw] = []
    menu: list[Entry] = []
    for provide in providers:
        given = provide(config, now)
        pages += given.pages
        menu += given.menu
    title = section.title or config.core.lab.name
    common = {
        "heading": section.title,
        "title": title,
        "menu": menu,
        "zone": config.core.lab.timezone,
    }
    if not any(page.path == "index.html" for page in pages):
        pages.append(Page("index.html", "site/empty.html.j2", {}))
    return render(pages, common, now)


def build(config: Config, providers: Iterable[Provider], now: datetime) -> dict[str, int]:
    """Build the site; how many files were written, unchanged, removed. Raises Failed,
    StateError, ConfigError, and Temporary while another build does not end; the old site
    stays then."""
    place = folder(config)
    # From looking to writing: a bot and a timer may build at the same time, and the older
    # look must not be written last.
    try:
        with hold(config.state, "site", seconds=_PATIENCE):
            counts = write(files(config, providers, now), place)
            # Last, and not counted: it changes with every build.
            write_atomic(place / ALIVE, json.dumps({"built": iso(now)}).encode())
    except AlreadyRunning:
        what = f"another build of the site has not ended in {_PATIENCE:g} s"
        fix = "look which: ps -ef | grep labtool"
        raise Temporary(what, where=str(place), fix=fix, code="site_busy") from None
    return counts


def rehearse(config: Config, providers: Iterable[Provider], now: datetime) -> list[str]:
    """The paths that a build would write or remove."""
    plan = compare(files(config, providers, now), folder(config))
    return [*plan.written, *(f"{path} (removed)" for path in plan.removed)]
