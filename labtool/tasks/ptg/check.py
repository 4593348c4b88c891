"""What `labtool check` finds in the event board's database."""

import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from labtool.core.config import Config
from labtool.core.errors import LabtoolError
from labtool.core.files import unusable
from labtool.core.text import counted
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.colours import parse_colour
from labtool.tasks.ptg.section import Ptg
from labtool.tasks.ptg.timetable import HOURS
from labtool.tasks.ptg.verbs.track import is_web_address

_MOST = 5


@dataclass(slots=True)
class Checked:
    """Errors of reading, what is only worth a note, what is fine."""

    errors: list[LabtoolError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)


def check(config: Config) -> Checked:
    """Look at the database, if the config has the section `ptg`. Nothing is changed."""
    found = Checked()
    if not config.has("ptg"):
        return found
    path = config.resolve(config.section("ptg", Ptg).database)
    name = os.fspath(path)
    try:
        document = shape.complete(shape.parse(path.read_bytes(), name, own=True))
    except FileNotFoundError:
        found.notes.append(f"{name} is not there yet: the board begins empty")
        return found
    except LabtoolError as error:
        found.errors.append(error)
        return found
    except OSError as error:
        found.errors.append(unusable(path, error))
        return found
    rooms, tracks = len(document["schedule"]), len(document["tracks"])
    days = counted(len(document["slots"]), "day")
    found.proved.append(f"board: {counted(tracks, 'track')}, {counted(rooms, 'room')}, {days}")
    found.notes += [f"{name}: {note}" for note in _notes(document)]
    lab = config.marked.data.get("lab")
    if document["slots"] and not (isinstance(lab, dict) and lab.get("timezone")):
        where = config.where("ptg")
        found.notes.append(f"{where}: lab.timezone is not set, so slots are taken to be in UTC")
    return found


def prove_server(config: Config) -> str:
    """Where the IRC server answers; empty without one. Raises Temporary and Failed."""
    from labtool.services.irc.probe import prove
    from labtool.tasks.ptg.entry import settings_of

    section = config.section("ptg", Ptg)
    return prove(settings_of(config, section)) if section.server else ""


def _notes(document: dict[str, Any]) -> list[str]:
    names = {slot["name"] for day in document["slots"].values() for slot in day}
    odd_slots = [
        f"{room}-{slot}"
        for room, plan in document["schedule"].items()
        for slot in shape.bookable(plan)
        if slot not in names
    ]
    unknown = sorted(shape.scheduled(document) - set(document["tracks"]))
    colours = [
        f"{track}: {colour}"
        for track, colour in document["colors"].items()
        if parse_colour(colour) is None
    ]
    timeless = [
        f"{day} {slot['name']} ({slot.get('desc') or 'no desc'})"
        for day, slots in document["slots"].items()
        for slot in slots
        if not (slot.get("realtime") or HOURS.match(str(slot.get("desc") or "")))
    ]
    links = [title for title, url in document["links"].items() if not is_web_address(url)]
    strays = [
        f"{key}: {track}"
        for key in ("now", "next", "location", "colors", "urls", "etherpads")
        for track in document[key]
        if track not in document["tracks"]
    ]
    spoken = [track for track in document["tracks"] if " " in track or track.startswith("#")]
    known = [*shape.EMPTY, *shape.PRIVATE_KEYS, "delays"]
    near = {key: get_close_matches(key, known, n=1, cutoff=0.7) for key in document}
    odd_keys = [f"{k} (did you mean {n[0]}?)" for k, n in near.items() if n and k not in known]
    found = (
        ("keys that nothing reads", odd_keys),
        ("slots without a time that can be read; write desc: 14:00-15:30", timeless),
        ("links that are no web address (https://...)", links),
        ("what is about tracks that tracks does not have", strays),
        ("tracks that no command can name; leave out # and spaces", spoken),
        ("schedule has slots that slots does not have", odd_slots),
        ("schedule has tracks that tracks does not have", unknown),
        ("colors has values that are no colours", colours),
    )
    return [f"{what}: {_some(which)}" for what, which in found if which]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
