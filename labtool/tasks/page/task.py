"""Building the sites: what the tasks give, rendered, written."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from labtool.core.clock import iso
from labtool.core.config import Config
from labtool.core.errors import AlreadyRunning, Failed, LabtoolError, Temporary
from labtool.core.files import make_private, write_atomic
from labtool.core.lock import hold
from labtool.core.run import bug
from labtool.core.site import Entry, Given, Page, Provider
from labtool.tasks.page.render import render
from labtool.tasks.page.section import Page as Section
from labtool.tasks.page.write import compare, write

# Tells a page in a browser that somebody still builds it.
ALIVE = "alive.json"
# How long another build is waited for, in seconds.
_PATIENCE = 5.0
_FIRST = (Entry("index.html", "Today"), Entry("system.html", "System"))

Site = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the sites are: what everybody may see, and what is the lab's own."""

    public: Path
    private: Path


@dataclass(frozen=True, slots=True)
class Sites:
    """The files of both sites by path, what kept a task from giving its part, or a page from
    being drawn, and the paths (fnmatch patterns) whose tasks gave theirs; empty: all did."""

    public: Site
    private: Site
    errors: Sequence[LabtoolError]
    undrawn: Sequence[LabtoolError]
    given: Sequence[str]

    def goes(self, path: str) -> bool:
        """Whether a file of an earlier build goes, if it is in no site any more."""
        return not self.errors or any(fnmatchcase(path, pattern) for pattern in self.given)


def folders(config: Config) -> Folders:
    """Where the sites are. Raises Failed for folders that hold what is nobody's business."""
    section = config.section("page", Section)
    found = Folders(config.resolve(section.everybodys), config.resolve(section.private))
    for key, folder, others in (
        ("output", found.public, (config.path, config.state, found.private)),
        ("private", found.private, (config.path, config.state, found.public)),
    ):
        for inside in others:
            if inside.resolve().is_relative_to(folder.resolve()):
                what = f"page.{key} ({folder}) would publish {inside.name}"
                fix = "write a folder for this site alone, such as site"
                where = config.where("page", key)
                raise Failed(what, where=where, fix=fix, code="site_folder")
    return found


def sites(config: Config, providers: Iterable[Provider], now: datetime) -> Sites:
    """Both sites, as far as the tasks give their parts."""
    given: list[Given] = []
    errors: list[LabtoolError] = []
    for provide in providers:
        try:
            given.append(provide(config, now))
        except LabtoolError as error:
            errors.append(error)
        except Exception as error:  # noqa: BLE001  (one part that has a bug costs itself alone)
            errors.append(bug(error))
    undrawn = [error for one in given for error in one.errors]
    owned = [pattern for one in given for pattern in one.owns]
    section, zone = config.section("page", Section), config.core.lab.timezone
    title = section.title or config.core.lab.name
    common = {"heading": section.title, "title": title, "zone": zone}
    pages = [page for one in given for page in one.pages]
    menu = [entry for one in given for entry in one.menu]
    if not errors and not any(page.path == "index.html" for page in pages):
        is_inside = any(one.inside or one.today for one in given)
        pages.append(Page("index.html", "site/empty.html.j2", {"pages": menu, "lab": is_inside}))

    def failed(page: Page, error: Exception) -> None:
        # Where nothing stands in its place, its old file stays.
        (errors if page.instead is None else undrawn).append(_undrawn(page, error))

    public = render(pages, {**common, "menu": menu}, now, failed)
    inside = [page for one in given for page in one.inside]
    today = [table for one in given for table in one.today]
    if not (inside or today):
        return Sites(public, {}, errors, undrawn, owned)
    system = [table for one in given for table in one.system]
    values = {"day": now.astimezone(zone), "tables": today}
    without = {**values, "tables": []}
    inside.append(Page("index.html", "lab/today.html.j2", values, without))
    inside.append(Page("system.html", "lab/system.html.j2", {"tables": system}))
    inside_menu = [*_FIRST, *(entry for one in given for entry in one.inside_menu)]
    private = render(inside, {**common, "menu": inside_menu}, now, failed)
    return Sites(public, private, errors, undrawn, owned)


def _undrawn(page: Page, error: Exception) -> LabtoolError:
    found = bug(error)
    found.where = page.path
    return found


def written(config: Config) -> list[Path]:
    """The folders of the sites that are there. Raises as `folders`."""
    place = folders(config)
    return [folder for folder in (place.public, place.private) if folder.is_dir()]


def build(config: Config, providers: Iterable[Provider], now: datetime) -> dict[str, int]:
    """Build the sites; how many files were written, unchanged, removed. What a task cannot
    give stays as it was, and its error is raised at the end. Raises Failed, StateError,
    ConfigError, and Temporary while another build does not end."""
    place = folders(config)
    # From looking to writing: a bot and a timer may build at the same time, and the older
    # look must not be written last.
    try:
        with hold(config.state, "site", seconds=_PATIENCE):
            found = sites(config, providers, now)
            counts = Counter(_write(found.public, place.public, found, now))
            if found.private or place.private.exists():
                # For this user alone, who also serves it.
                folder = make_private(place.private)
                counts.update(_write(found.private, folder, found, now))
    except AlreadyRunning:
        what = f"another build of the site has not ended in {_PATIENCE:g} s"
        fix = "look which: ps -ef | grep labtool"
        raise Temporary(what, where=str(place.public), fix=fix, code="site_busy") from None
    for error in (*found.errors, *found.undrawn):
        raise error
    return dict(counts)


def _write(site: Site, folder: Path, found: Sites, now: datetime) -> dict[str, int]:
    whole = not found.errors
    counts = write(site, folder, found.goes)
    if whole:
        # Last, and not counted: it changes with every build.
        write_atomic(folder / ALIVE, json.dumps({"built": iso(now)}).encode())
    return counts


def rehearse(config: Config, providers: Iterable[Provider], now: datetime) -> list[str]:
    """The paths that a build would write or remove. Raises as `build`."""
    place = folders(config)
    found = sites(config, providers, now)
    for error in (*found.errors, *found.undrawn):
        raise error
    changes: list[str] = []
    for site, folder in ((found.public, place.public), (found.private, place.private)):
        plan = compare(site, folder)
        changes += [f"{folder.name}/{path}" for path in plan.written]
        changes += [f"{folder.name}/{path} (removed)" for path in plan.removed]
    return changes
