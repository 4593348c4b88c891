"""Real Chromium, and a served site to look at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import tools
from tests.commands.serving import served
from tests.lab import Lab

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: playwright keeps an event loop running, which other tests
    want to have for themselves."""
    tools.require("chromium")
    with sync_playwright() as playwright:
        path = tools.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`browse(url, width=360)`: an open page. What it complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(url: str, *, width: int = 1280, height: int = 900, **more: Any) -> Page:
        options = {"timezone_id": "America/Denver", "locale": "en-GB", **more}
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def url(lab: Lab) -> Iterator[str]:
    """Where the lab's site is served."""
    lab.configure(
        {
            "lab": {"timezone": "America/Denver", "name": "Test Lab"},
            "ptg": {},
            "page": {},
            "serve": {"port": 0},
        }
    )
    with served(lab) as (address, _):
        yield address
