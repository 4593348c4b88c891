"""The instruments' page, as `labtool build-page` writes it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from labtool.core.clock import iso
from labtool.core.database import Database
from tests.lab import Lab
from tests.tasks.instruments.center import NOON, Center, running

pytestmark = pytest.mark.xdist_group("instruments")

MINUTE = timedelta(minutes=1)
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b]0;x\x07"


class _Text(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.text += " " if tag in ("th", "td", "dd") else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def page(lab: Lab, fill: Callable[[Center], None], now: datetime = NOON) -> tuple[str, str]:
    """The page's source and its text, after what `fill` did."""
    lab.configure(
        {"instruments": {"a": {"kind": "attune", "name": f"Attune {HOSTILE}"}}, "page": {}}
    )
    center = Center(Database.open(lab.state))
    center.now = now
    fill(center)
    center.database.close()
    assert lab.run("build-page", "--at", iso(now)).status == 0
    source = (lab.folder / "site-private" / "instruments.html").read_text()
    parser = _Text()
    parser.feed(source)
    return source, " ".join(parser.text.split())


def _a_week(center: Center) -> None:
    for days in range(1, 8):
        center.run_of("Startup", NOON - timedelta(days=days), 600, user="Ann Lee")
    center.run_of("Rinse", NOON - timedelta(hours=4), 1800, user="Bob Stone")
    center.run_of("Wash", NOON - timedelta(days=31), 600)
    center.say("started Startup", running("Startup", NOON - 5 * MINUTE, user="Ann Lee"))


def test_the_countdown_the_timeline_and_the_month(lab: Lab) -> None:
    source, text = page(lab, _a_week)
    assert 'data-countdown="2026-11-24T12:05:00Z"' in source
    assert "12:05 (12:05 to 12:05 in 8 of 10 runs)" in text
    assert "late" not in text
    titles = re.findall(r"<title>([^<]+)</title></rect>", source)
    assert titles == ["Rinse, 08:00 to 08:30, Bob Stone", "Startup, 11:55 to 12:00, Ann Lee"]
    # Thousandths of the day.
    assert re.findall(r'<rect x="(\d+)" width="(\d+)"', source) == [("333", "20"), ("496", "3")]
    legend = source.partition('<ul class="legend">')[2].partition("</ul>")[0]
    assert re.findall(r"<bdi>([^<]+)</bdi>", legend) == ["Rinse", "Startup"]
    assert "By procedure, 30 days Procedure Time Runs Startup 1h 10m 7 Rinse 30m 1" in text
    assert "By user, 30 days User Time Runs Ann Lee 1h 10m 7 Bob Stone 30m 1" in text
    assert "Wash" not in text
    assert "Logged in Ann Lee" in text


def test_late_is_said_on_the_page(lab: Lab) -> None:
    _, text = page(lab, _a_week, NOON + 6 * MINUTE)
    assert "in 8 of 10 runs) late" in text


def test_what_is_not_known_yet(lab: Lab) -> None:
    def two(center: Center) -> None:
        for days in (1, 2):
            center.run_of("Startup", NOON - timedelta(days=days), 600)
        center.say("started Startup", running("Startup", NOON))

    _, text = page(lab, two)
    assert "unknown yet (2 of 5 runs known)" in text


def test_nothing_of_a_log_is_more_than_text(lab: Lab) -> None:
    def hostile(center: Center) -> None:
        center.run_of(HOSTILE, NOON - timedelta(hours=2), 600, user=HOSTILE, outcome=HOSTILE)
        center.say(
            f"started {HOSTILE}",
            running(
                HOSTILE,
                NOON,
                user=HOSTILE,
                position=HOSTILE,
                alerts={HOSTILE: iso(NOON)},
                waiting_for=HOSTILE,
                error=HOSTILE,
            ),
        )
        center.beat(
            running(HOSTILE, NOON, user=HOSTILE, alerts={HOSTILE: iso(NOON)}, position=HOSTILE),
            log={"ok": "unreadable", "why": HOSTILE},
        )

    source, text = page(lab, hostile)
    parser = _Text()
    parser.feed(source)
    assert "img" not in parser.tags
    assert text.count("<img src=x onerror=alert(1)>") > 8
    assert not re.search("[\u202e\x1b\x07]", source)


def test_a_clock_that_is_behind_does_not_move_the_day(lab: Lab) -> None:
    def wrong(center: Center) -> None:
        began = NOON - timedelta(hours=2)
        center.run_of("Rinse", began - timedelta(hours=2), 1800)
        center.say("started Startup", running("Startup", began), began)
        center.beat(running("Startup", began), began)

    source, _ = page(lab, wrong)
    titles = re.findall(r"<title>([^<]+)</title></rect>", source)
    assert titles == ["Rinse, 10:00 to 10:30", "Startup, 12:00 to 12:00"]
