"""The board's pages in a browser: readable by everybody, current, and nobody's to run."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests import tools
from tests.lab import Lab, poll
from tests.tasks.ptg.event import document

Browse = Callable[..., Page]


def event() -> dict[str, Any]:
    """Three days around now; the slot that is on began an hour ago."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    slots = {
        f"Day {n + 1}": [
            {"name": f"D{n}S{s}", "desc": "", "realtime": f"{at:%Y-%m-%dT%H:%MZ}", "duration": 90}
            for s in range(3)
            for at in [start + timedelta(days=n - 1, minutes=90 * s)]
        ]
        for n in range(3)
    }
    return document() | {
        "eventid": "Retreat",
        "slots": slots,
        "schedule": {
            "Aspen": {"desc": "Fits 10", "D1S0": "swift", "D1S1": "", "D2S0": "nova"},
            "Ballroom A": {"url": "https://meet.example.org/a", "D0S0": "nova", "D1S0": "nova"},
        },
        "now": {"nova": "multi attach with #cinder https://example.org/notes"},
        "next": {"nova": ["lunch", "cells"], "infra": ["mirrors"]},
        "motd": [
            {"level": level, "message": f"a {level} message"}
            for level in ("info", "success", "warning", "danger")
        ],
        "colors": {"nova": "gold", "cinder": "navy", "infra": "#b5651d", "swift": "rgb(0 120 80)"},
        "links": {"Map": "https://example.org/map"},
        "last_check_in": {
            f"n{n}": {"nick": f"Nick{n}", "location": "#nova", "in": "x", "out": None}
            for n in range(20)
        },
        "timestamp": datetime.now(UTC).isoformat(),
    }


def publish(lab: Lab, data: dict[str, Any]) -> None:
    (lab.folder / "ptg.json").write_text(json.dumps(data))
    assert lab.run("build-page").status == 0


PAGES = ["index.html", "etherpads.html", "links.html", "signage.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_accessible(
    lab: Lab, url: str, browse: Browse, tmp_path: Path, scheme: str, width: int
) -> None:
    tools.require("axe")
    publish(lab, event())
    for name in PAGES:
        page = browse(f"{url}/{name}", width=width, color_scheme=scheme, bypass_csp=True)
        page.add_script_tag(path=tools.AXE)
        found = page.evaluate("axe.run()")
        broken = [
            (rule["id"], [node["html"][:200] for node in rule["nodes"]])
            for rule in found["violations"]
        ]
        assert broken == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        picture = page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert len(picture) > 5000, "an empty page"


def test_times_are_the_viewers(lab: Lab, url: str, browse: Browse) -> None:
    publish(lab, event())
    page = browse(url, timezone_id="Asia/Tokyo")
    assert page.inner_text("[data-zone]") == "Asia/Tokyo"
    head = page.locator("th[data-start]:visible").first
    tokyo = datetime.fromisoformat(str(head.get_attribute("data-start"))) + timedelta(hours=9)
    assert f"{tokyo:%H:%M}" in head.inner_text()


def test_the_current_slot(lab: Lab, url: str, browse: Browse) -> None:
    publish(lab, event())
    page = browse(url)
    assert page.locator("thead th.on bdi:visible").all_inner_texts() == ["D1S0"]
    assert page.locator("td.on:visible").all_inner_texts()[0].startswith("swift")


def test_changes_come_without_a_reload(lab: Lab, url: str, browse: Browse) -> None:
    publish(lab, event())
    page = browse(url)
    page.click("text=Day 3")
    assert page.locator("section.day:visible h3").all_inner_texts()[0].startswith("Day 3")
    page.focus("a[href='etherpads.html']")
    page.evaluate("window.mark = document.querySelector('.topic')")
    page.evaluate("window.scrollTo(0, 100)")
    before = page.evaluate("scrollY")
    changed = event()
    changed["now"] = {"nova": "something else", "swift": "rings"}
    changed["colors"]["nova"] = "purple"
    publish(lab, changed)
    page.wait_for_selector("text=something else", timeout=8000)  # a poll would take 10 s
    assert page.locator(".topic").count() == 3
    assert page.evaluate("document.contains(window.mark)")  # changed in place
    assert page.locator("section.day:visible h3").all_inner_texts()[0].startswith("Day 3")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "etherpads.html"
    assert page.evaluate("scrollY") == before > 0
    colour = "getComputedStyle(document.querySelector('.topic .t')).backgroundColor"
    poll(lambda: page.evaluate(colour.replace(".topic .t", "article:nth-of-type(2) .t"))
         == "rgb(128, 0, 128)")  # fmt: skip
    page.reload()
    assert page.locator("section.day:visible h3").all_inner_texts()[0].startswith("Day 3")


def test_without_javascript_it_is_complete(lab: Lab, url: str, browse: Browse) -> None:
    publish(lab, event())
    page = browse(url, java_script_enabled=False)
    for text in ("multi attach", "Aspen-D1S1", "20 here: Nick0", "a danger message"):
        assert page.locator(f"text={text}").first.is_visible()
    assert page.locator("section.day:visible").count() == 3
    page.click("text=Day 3")
    assert page.url.endswith("#day-3")


def test_it_says_when_it_is_old(lab: Lab, url: str, browse: Browse) -> None:
    publish(lab, event())
    page = browse(url)
    assert not page.locator("#stale").is_visible()
    old = datetime.now(UTC) - timedelta(hours=1)
    (lab.folder / "site" / "alive.json").write_text(json.dumps({"built": old.isoformat()}))
    page.reload()
    page.wait_for_selector("#stale:visible", timeout=5000)
    assert "This may be old: nothing new since" in page.inner_text("#stale")


def test_nothing_that_people_type_runs(lab: Lab, url: str, browse: Browse) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>'
    hostile = event() | {
        "eventid": evil,
        "tracks": [evil, "__proto__", "../../x", "\u202eevil", "nova"],
        "now": {evil: evil, "__proto__": "javascript:alert(3)", "nova": "x" * 5000},
        "next": {"nova": [evil, "https://example.org/\"onmouseover=alert(4)", "\u202e" * 50]},
        "location": {"nova": evil},
        "urls": {"nova": "javascript:alert(5)", evil: "data:text/html,<script>alert(6)</script>"},
        "colors": {"nova": "red;}body{display:none", evil: "url(javascript:alert(7))"},
        "links": {evil: "https://example.org/" + "y" * 400, "bad": "javascript:alert(8)"},
        "motd": [{"level": "info", "message": evil}],
        "schedule": {evil[:90]: {"D1S0": evil, "D1S1": "", "url": "javascript:x", "desc": evil}},
        "last_check_in": {"a": {"nick": evil, "location": "#nova", "in": "x"},
                          "b": {"nick": evil, "location": evil, "in": "x"}},
    }  # fmt: skip
    publish(lab, hostile)
    for name in PAGES:
        for width in (360, 1280):
            page = browse(f"{url}/{name}", width=width)
            assert page.locator("main").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.locator("main script, main img, main style, main [onerror]").count() == 0
    publish(lab, hostile | {"eventid": "again" + evil})
    page.reload()


def test_the_big_screen_turns_its_pages(lab: Lab, url: str, browse: Browse) -> None:
    crowded = event() | {"now": {f"track-{n}": f"topic {n}" for n in range(60)}}
    publish(lab, crowded)
    page = browse(f"{url}/signage.html", width=1920, height=1080)
    assert page.evaluate("scrollY") == 0
    poll(lambda: page.evaluate("scrollY") > 500, 20)
