"""The lab's own pages in a browser: plots, the tables under them, and nobody else's eyes."""

import json
import math
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Page

from tests import tools
from tests.commands import example
from tests.commands.serving import served
from tests.lab import Lab, poll

Browse = Callable[..., Page]
LOGIN = {"username": "anybody", "password": "open sesame"}
DAY = 86400
ROOMS = ("attic", "cellar", "roof")


def remember(lab: Lab, days: int = 400) -> None:
    """Numbers of a source over time: every 15 minutes of the last week, then one an hour, then
    one a day."""
    now = int(time.time())
    ages = [*range(0, 7 * DAY, 900), *range(7 * DAY, 60 * DAY, 3600),
            *range(60 * DAY, days * DAY, DAY)]  # fmt: skip
    rows = [
        ("weather", f"temperature/{room}", now - age, 15 + n + 5 * math.sin(age / 13750))
        for age in ages
        for n, room in enumerate(ROOMS)
    ]
    rows += [("weather", "disk", now - age, 1e12 + age * 1e5) for age in ages]
    with closing(sqlite3.connect(lab.state / "labtool.db")) as base, base:
        base.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)", rows)


def say(lab: Lab, **values: Any) -> None:
    """What the source answers from now on."""
    document = {"temp": 7.5, "nodes": [{"node": "a<b>&", "load": 3}], **values}
    (lab.folder / "now.json").write_text(json.dumps(document))
    assert lab.run("cache", "--force").status in (0, 75)
    assert lab.run("build-page").status == 0


@pytest.fixture
def url(lab: Lab) -> Iterator[str]:
    """A lab with reminders and two sources, served."""
    program = "import pathlib; print(pathlib.Path('now.json').read_text())"
    example.make(
        lab,
        lab={"name": "Test Lab", "timezone": "America/Los_Angeles"},
        cache={
            "weather": {
                "kind": "command",
                "run": [sys.executable, "-c", program],
                "plot": {"temperature/roof": "temp"},
            },
            "away": {"kind": "http-json", "url": "http://127.0.0.1:1/x.json"},
        },
        page={},
        serve={"port": 0, "password": "${LABTOOL_PASSWORD}"},
    )
    lab.secrets(LABTOOL_PASSWORD=LOGIN["password"])
    say(lab)
    remember(lab)
    say(lab)
    with served(lab) as (address, _):
        yield f"{address}/lab"


def drawn(page: Page) -> None:
    poll(lambda: page.locator(".u-over").count() >= 2)


PAGES = ["index.html", "system.html", "cache-weather.html", "cache-away.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_accessible(
    lab: Lab, url: str, browse: Browse, tmp_path: Path, scheme: str, width: int
) -> None:
    tools.require("axe")
    for name in PAGES:
        page = browse(f"{url}/{name}", width=width, color_scheme=scheme, bypass_csp=True,
                      http_credentials=LOGIN)  # fmt: skip
        if name == "cache-weather.html":
            drawn(page)
            page.click("summary >> nth=0")
        page.add_script_tag(path=tools.AXE)
        broken = [
            (rule["id"], [node["html"][:200] for node in rule["nodes"]])
            for rule in page.evaluate("axe.run()")["violations"]
        ]
        assert broken == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        picture = page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert len(picture) > 5000, "an empty page"


def test_plots_are_drawn(url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-weather.html", http_credentials=LOGIN)
    drawn(page)
    inks = """id => {
        const canvas = document.getElementById(id).querySelector("canvas");
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    assert page.evaluate(inks, "plot-temperature") > 20
    assert page.locator("#plot-temperature .u-legend .u-series").count() == 4
    for name, kind in (("Month", "month"), ("Year", "year"), ("Day", "day")):
        page.click(f"[data-plots] button:has-text('{name}')")
        assert page.get_attribute("#plot-temperature", "data-shows") == kind
        assert page.evaluate(inks, "plot-temperature") > 20
    page.hover("#plot-temperature .u-over", position={"x": 100, "y": 50})
    values = page.locator("#plot-temperature .u-value").all_inner_texts()
    assert any(char.isdigit() for char in values[1]), values
    page.hover("#plot-disk .u-over", position={"x": 100, "y": 50})
    assert "1." in page.locator("#plot-disk .u-value").all_inner_texts()[1]


def test_an_address_with_the_password_in_it(lab: Lab, url: str, browse: Browse) -> None:
    """A bookmark, or a screen on the wall."""
    secret = url.replace("://", f"://{LOGIN['username']}:{quote(LOGIN['password'])}@")
    page = browse(f"{secret}/cache-weather.html")
    drawn(page)
    say(lab, temp=99.5)
    poll(lambda: "99.5" in page.inner_text("body"), timeout=20)


def test_the_range_that_was_chosen_is_kept(url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-weather.html", http_credentials=LOGIN)
    drawn(page)
    page.click("[data-plots] button:has-text('Year')")
    page.reload()
    drawn(page)
    assert page.get_attribute("#plot-temperature", "data-shows") == "year"
    table = page.locator("#plot-temperature ~ details table[data-range=year]")
    page.click("#plot-temperature ~ details summary")
    table.wait_for(state="visible", timeout=8000)
    day = page.locator("#plot-temperature ~ details table[data-range=day]")
    day.wait_for(state="hidden", timeout=8000)


def test_news_come_without_a_reload(lab: Lab, url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-weather.html", http_credentials=LOGIN)
    drawn(page)
    page.evaluate("window.mark = document.querySelector('#plot-temperature')")
    page.click("#plot-temperature ~ details summary")
    say(lab, sky="overcast")
    page.wait_for_selector("dd:has-text('overcast')", timeout=8000)
    drawn(page)
    assert page.evaluate("document.contains(window.mark)")
    assert page.evaluate("document.querySelector('#plot-temperature ~ details').open")
    assert page.locator("#plot-temperature canvas").count() == 1


def test_without_javascript_the_numbers_are_in_tables(url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-weather.html", http_credentials=LOGIN, java_script_enabled=False)
    page.click("summary >> nth=0")
    assert page.locator("details[open] table").first.is_visible()
    assert page.locator("details[open] tbody tr").count() > 24 + 28 + 12


def test_a_source_that_never_answered_says_so(url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-away.html", http_credentials=LOGIN)
    text = page.inner_text("main")
    assert "This source has never answered." in text
    assert "cannot be reached" in text


def test_what_people_wrote_is_text(url: str, browse: Browse) -> None:
    page = browse(f"{url}/cache-weather.html", http_credentials=LOGIN)
    assert page.locator("td:has-text('a<b>&')").first.is_visible()


def test_today(url: str, browse: Browse) -> None:
    page = browse(f"{url}/index.html", http_credentials=LOGIN)
    text = page.inner_text("main")
    for heading in ("Sent today", "Due in the next seven days", "Meeting this week", "Birthdays"):
        assert heading in text
    assert "What needs an admin" in text  # the source that is away


def test_nothing_of_it_is_public(lab: Lab, url: str) -> None:
    names = ("Ann Lee", "temperature", "a<b>", "Bob Stone")
    for file in (lab.folder / "site").rglob("*"):
        for name in names if file.is_file() else ():
            assert name.encode() not in file.read_bytes(), file
    home = url.removesuffix("/lab")
    for path in ("/lab/", "/lab", "/lab/cache-weather.html", "/lab/data/weather.json",
                 "/lab/events", "/lab/alive.json", "//lab/", "/%6cab/index.html"):  # fmt: skip
        assert requests.get(home + path, timeout=5).status_code in (401, 404), path
        wrong = requests.get(home + path, auth=("anybody", "wrong"), timeout=5)
        assert wrong.status_code in (401, 404), path
    right = requests.get(f"{url}/", auth=("anybody", LOGIN["password"]), timeout=5)
    assert right.status_code == 200
    assert right.headers["Cache-Control"] == "private, no-cache"
