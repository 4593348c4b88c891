"""What is particular to calendars: times in the lab's zone, whole days, places, webcal."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from labtool.core.errors import LabtoolError
from labtool.services.calendar import events
from labtool.tasks.cache.views.calendar import today
from tests.lab import Lab

ZONE = ZoneInfo("America/Los_Angeles")
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
SUMMARY:Seminar
LOCATION:Room 3
DTSTART:20261127T170000Z
DTEND:20261127T180000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Retreat
DTSTART;VALUE=DATE:20261127
DTEND;VALUE=DATE:20261129
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Late shift
DTSTART;TZID=America/Los_Angeles:20261127T220000
DURATION:PT4H
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def calendar(lab: Lab) -> Lab:
    (lab.folder / "lab.ics").write_text(ICS.replace("\n", "\r\n"), newline="")
    source = {"kind": "calendar", "calendars": {"lab": "lab.ics"}}
    lab.configure({"lab": {"timezone": "America/Los_Angeles"}, "cache": {"dates": source}})
    assert lab.run("cache", "--at", "2026-11-26T09:00").status == 0
    return lab


def kept(lab: Lab) -> Any:
    return json.loads((lab.state / "cache" / "dates.json").read_text())["data"]


def test_times_and_places_are_kept(calendar: Lab) -> None:
    retreat, seminar, late = kept(calendar)["events"]
    assert seminar == {
        "calendar": "lab", "title": "Seminar", "location": "Room 3",
        "start": "2026-11-27", "end": "2026-11-27",
        "begins": "2026-11-27T17:00:00.000Z", "ends": "2026-11-27T18:00:00.000Z",
    }  # fmt: skip
    assert (retreat["title"], retreat["begins"], retreat["ends"]) == ("Retreat", None, None)
    assert (retreat["start"], retreat["end"]) == ("2026-11-27", "2026-11-28")
    assert (late["start"], late["end"]) == ("2026-11-27", "2026-11-28")
    assert late["ends"] == "2026-11-28T10:00:00.000Z"


def test_a_day_s_hours_are_the_lab_s(calendar: Lab) -> None:
    def hours(day: date) -> dict[str, str]:
        return {row[1].text: row[0].text for row in today(kept(calendar), day, ZONE).rows}

    assert hours(date(2026, 11, 26)) == {}
    assert hours(date(2026, 11, 27)) == {
        "Retreat": "all day", "Seminar": "09:00 to 10:00", "Late shift": "from 22:00",
    }  # fmt: skip
    assert hours(date(2026, 11, 28)) == {"Retreat": "all day", "Late shift": "until 02:00"}


def test_they_are_on_the_pages(calendar: Lab) -> None:
    assert calendar.run("build-page", "--at", "2026-11-27T08:00").status == 0
    private = calendar.folder / "site-private"
    page = (private / "cache-dates.html").read_text()
    assert "Room 3" in page
    pages = [file.read_text() for file in private.glob("*.html")]
    [day] = [text for text in pages if "On the calendar today" in text]
    assert "09:00 to 10:00" in day
    assert "Room 3" in day


def test_webcal_is_https(tmp_path: Path) -> None:
    day = date(2026, 11, 27)
    with pytest.raises(LabtoolError) as found:
        events("webcal://127.0.0.1:9/x.ics", day, day, tmp_path, timeout=2, zone=ZONE)
    assert str(found.value).startswith("calendar https://127.0.0.1:9/x.ics: cannot be reached")
