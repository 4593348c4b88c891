"""One part that has a bug, or one page that cannot be drawn, costs itself alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labtool.core import config
from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError
from labtool.core.site import Entry, Given, Page, Provider, Raw
from labtool.tasks.page.task import build

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
EMPTY = "site/empty.html.j2"


def gives(given: Given) -> Provider:
    return lambda _config, _now: given


def raises(error: Exception) -> Provider:
    def provide(_config: Config, _now: datetime) -> Given:
        raise error

    return provide


def owned(*paths: str) -> Given:
    return Given([Raw(path, b"x") for path in paths], owns=("x-*.html",))


def board() -> Given:
    return Given([Raw("board.json", b"x")])


@pytest.fixture
def lab(tmp_path: Path) -> Config:
    file = tmp_path / "labtool.yaml"
    file.write_text("lab: {name: x}\n")
    return config.load(file, {})


def site(lab: Config) -> set[str]:
    return {path.name for path in (lab.base / "site").iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize("error", [Failed("no"), ZeroDivisionError()])
def test_what_became_private_goes_whatever_else_fails(lab: Config, error: Exception) -> None:
    build(lab, [gives(owned("x-a.html", "x-b.html")), gives(board())], NOW)
    assert {"x-a.html", "x-b.html", "board.json"} <= site(lab)
    with pytest.raises(LabtoolError, match=r"no|has a bug: ZeroDivisionError"):
        build(lab, [gives(owned("x-a.html", "x-c.html")), raises(error)], NOW)
    # What the other gave before stays.
    assert {"x-a.html", "x-c.html", "board.json"} <= site(lab)
    assert "x-b.html" not in site(lab)


def page(path: str, instead: dict[str, Any] | None) -> Page:
    return Page(path, EMPTY, {"pages": [Entry("x", "y"), 5]}, instead)


def test_a_page_that_cannot_be_drawn(lab: Config) -> None:
    pages = [page("bad.html", {"pages": []}), Page("good.html", EMPTY, {"pages": []})]
    with pytest.raises(Failed, match=r"bad.html: labtool has a bug"):
        build(lab, [gives(Given(pages))], NOW)
    assert {"bad.html", "good.html"} <= site(lab)
    # Nothing stands in the place of this one: what is there of an earlier build stays.
    pages = [page("bad.html", None), Page("good.html", EMPTY, {"pages": []})]
    with pytest.raises(Failed, match=r"bad.html: labtool has a bug"):
        build(lab, [gives(Given(pages))], NOW)
    assert {"bad.html", "good.html"} <= site(lab)
