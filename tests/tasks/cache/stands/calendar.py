"""`kind: calendar`: a web server with an ICS file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.faults import Fault
from tests.tasks.cache.stands._web import WebStand

_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"


class Stand(WebStand):
    """A group's calendar: days of a week's series."""

    kind = "calendar"
    odd: ClassVar = [
        Fault.reply(f"{_HEAD}BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                    content_type="text/calendar", name="no fields"),
    ]  # fmt: skip

    def config(self, folder: Path) -> dict[str, Any]:
        calendars = {"lab": f"{self.proxy.url}/lab.ics"}
        return {"cache": {"source": {"kind": self.kind, "calendars": calendars, "ahead": "365d"}}}

    def publish(self, number: int) -> None:
        self._tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
        event = (
            f"BEGIN:VEVENT\r\nUID:1@lab\r\nSUMMARY:Seminar\r\n"
            f"DTSTART;VALUE=DATE:{self._tomorrow:%Y%m%d}\r\nRRULE:FREQ=DAILY;COUNT={number}\r\n"
            "END:VEVENT\r\n"
        )
        body = f"{_HEAD}{event if number else ''}END:VCALENDAR\r\n"
        self.proxy.put("/lab.ics", body, content_type="text/calendar")

    def good(self, data: Any) -> None:
        days = [str(self._tomorrow + timedelta(days=n)) for n in range(2)]
        [calendar] = data["calendars"]
        assert (calendar["name"], calendar["error"]) == ("lab", "")
        assert calendar["fetched_at"]
        whole = {"begins": None, "ends": None, "location": "", "calendar": "lab"}
        assert data["events"] == [
            {**whole, "title": "Seminar", "start": day, "end": day} for day in days
        ]

    def bare(self, data: Any) -> None:
        assert data["events"] == []

    def count(self, data: Any) -> int:
        return len(data["events"])
