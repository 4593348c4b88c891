"""The schedule as calendars: one a track, and one of all."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from labtool.core.site import Raw
from labtool.services.ical import Appointment, calendar
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.pages.badges import css_class
from labtool.tasks.ptg.pages.view import etherpad, web_address

# What of the board is in calendars.
_ABOUT = ("eventid", "tracks", "slots", "schedule", "urls", "etherpads", "delays")
_made: dict[str, Any] = {}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_+-]{0,49}")


def file_name(track: str) -> str:
    """A track's calendar file: its name where that can be a file's, else a digest of it."""
    name = track if _PLAIN.fullmatch(track) and track != "all" else f"track-{css_class(track)}"
    return f"ics/{name}.ics"


def files(board: Board, now: datetime, etherpads: str) -> list[Raw]:
    """The calendars of all tracks that there are. A bot builds the site after each topic, and
    topics are in no calendar: what was made last is kept for as long as it stays true."""
    about = {key: board.get(key) for key in _ABOUT}
    week = now.astimezone(board.zone).isocalendar()[:2]
    day = _day_of_change(board, now)
    key = json.dumps([about, week, day.isoformat(), str(board.zone), etherpads])
    if _made.get("key") != key:
        _made.update(key=key, files=_files(board, now, etherpads, day))
    return list(_made["files"])


def _files(board: Board, now: datetime, etherpads: str, changed: datetime) -> list[Raw]:
    event = str(board.data["eventid"] or "event")
    every = _appointments(board, now, etherpads)
    names = sorted({*board.tracks, *every})
    found = [
        Raw(file_name(name), calendar(f"{event} {name}", every.get(name, ()), changed))
        for name in names
    ]
    all_of_them = [one for name in names for one in every.get(name, ())]
    return [Raw("ics/all.ics", calendar(event, all_of_them, changed)), *found]


def _appointments(board: Board, now: datetime, etherpads: str) -> dict[str, list[Appointment]]:
    event = str(board.data["eventid"])
    found: dict[str, list[Appointment]] = {}
    for day in board.days(now):
        for slot in day.slots:
            for room, plan in board.data["schedule"].items():
                track = shape.bookable(plan).get(slot.name)
                late = slot.shifted(board.delay(track, slot.name)) if track else slot
                if not track or late.start is None or late.end is None:
                    continue
                url = web_address(board.get("urls", track)) or web_address(plan.get("url"))
                notes = etherpad(board, track, etherpads)
                found.setdefault(track, []).append(
                    Appointment(
                        key=f"{event}/{day.name}/{slot.name}/{room}/{track}",
                        title=track,
                        start=late.start,
                        end=late.end,
                        place=room,
                        url=url,
                        text=f"Etherpad: {notes}" if notes else "",
                    )
                )
    return found


def _day_of_change(board: Board, now: datetime) -> datetime:
    """The day of the last change: precise enough, and files stay the same through a day."""
    try:
        found = datetime.fromisoformat(str(board.data["timestamp"])).astimezone(UTC)
    except (ValueError, OverflowError):
        found = now.astimezone(UTC)
    return found.replace(hour=0, minute=0, second=0, microsecond=0)
