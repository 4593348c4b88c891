"""A small event for tests, and a desk over it in a folder."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from labtool.core.errors import LabtoolError
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.call import Outcome, Speaker
from labtool.tasks.ptg.desk import Desk, Manners
from labtool.tasks.ptg.store import Store

DENVER = ZoneInfo("America/Denver")
# A Tuesday, 10:00 in Denver: in the middle of TueA1.
NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
HOURS = {"A1": "09:00-10:45", "A2": "10:45-12:30", "P1": "13:30-15:15", "P2": "15:15-17:00"}


def document() -> dict[str, Any]:
    """Three days, three rooms, four tracks; nothing said yet."""
    days = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday"}
    return {
        "eventid": "test",
        "voice": 0,
        "tracks": ["cinder", "infra", "nova", "swift"],
        "slots": {
            day: [{"name": short + half, "desc": hours} for half, hours in HOURS.items()]
            for short, day in days.items()
        },
        "schedule": {
            "Aspen": {"desc": "Fits 10", "MonA1": "", "TueA1": "swift", "TueP1": "", "TueP2": ""},
            "Ballroom A": {
                "url": "http://meet.example.org/a",
                **dict.fromkeys(("MonA1", "TueA1", "TueA2", "TueP1", "WedA1"), "nova"),
            },
            "Vail - North": {"TueA1": "", "TueA2": "cinder", "TueP1": "cinder"},
        },
        "motd": [],
        "something else": {"survives": True},
    }


class Chat:
    """A desk whose answers are collected. `at` is what its clock says."""

    def __init__(self, path: Path, start: dict[str, Any] | None = None) -> None:
        self.path = path
        self.at = NOW
        self.troubles: list[LabtoolError] = []
        if start is not None:
            path.write_text(json.dumps(start))
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, self.troubles.append)
        self.board = Board(self.store.load(), DENVER)
        manners = Manners("+", "https://help.example.org")
        self.desk = Desk(self.board, self.store, manners, lambda: self.at, self.troubles.append)

    def hear(self, speaker: Speaker, text: str) -> Outcome | None:
        return self.desk.hear(speaker, text, "eventbot")

    def say(self, text: str, nick: str = "Ann", **rights: Any) -> list[str]:
        """What is answered to somebody in the channel (an operator unless told)."""
        speaker = Speaker(nick, f"{nick.lower()}@host", channel="#event", **{"op": True, **rights})
        return _texts(self.hear(speaker, text))

    def ask(self, text: str, nick: str = "Bob", **more: Any) -> list[str]:
        """What is answered to somebody in private."""
        return _texts(self.hear(Speaker(nick, f"{nick.lower()}@host", **more), text))


def _texts(outcome: Outcome | None) -> list[str]:
    return [answer.text for answer in outcome.answers] if outcome else []
