"""What channel operators may say: which tracks there are, the messages of the day, and the
database as a whole."""

import re
from typing import Any

from labtool.core.text import counted
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Edit
from labtool.tasks.ptg.call import Call, Verb
from labtool.tasks.ptg.colours import chosen_colour
from labtool.tasks.ptg.verbs.track import is_web_address

# What a track's name must be to stand in a command, an address and a file's name.
_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,49}")
_OF_A_TRACK = ("now", "next", "location", "colors", "urls", "etherpads", "delays")
_OF_A_DAY = ("now", "next", "location", "last_check_in", "delays")
_LONGEST_MOTD = 500
_MOST_MOTD = 20


def list_tracks(call: Call) -> None:
    """`~list`."""
    tracks = call.board.tracks
    call.answer(f"tracks: {' '.join(tracks)}" if tracks else "there are no tracks yet; ~add some")


def add(call: Call) -> None:
    """`~add TRACK...`."""
    new: list[str] = []
    for name in dict.fromkeys(word.removeprefix("#").lower() for word in call.rest.split()):
        if call.board.track(name):
            call.answer(f"#{name} is there already")
        elif not _NAME.fullmatch(name):
            call.answer(f"{name} cannot name a track: use a-z, 0-9, . _ + - and at most 50 of them")
        elif name in call.verbs["user"]:
            call.answer(f"{name} cannot name a track: it is a command")
        else:
            new.append(name)
    if new:
        call.put(sorted([*call.board.tracks, *new]), "tracks")
        for name in new:
            call.put(chosen_colour(name), "colors", name)
        call.answer(f"added {_hashed(new)}")


def delete(call: Call) -> None:
    """`~del TRACK...`: with all that is about it; its slots are free again."""
    gone = _known(call)
    if not gone:
        return
    call.put([track for track in call.board.tracks if track not in gone], "tracks")
    for track in gone:
        for key in _OF_A_TRACK:
            call.remove(key, track)
    freed = 0
    for room, plan in call.board.data["schedule"].items():
        for slot, track in shape.bookable(plan).items():
            if track in gone:
                call.put("", "schedule", room, slot)
                freed += 1
    slots = f"; {freed} slot{'s are' if freed > 1 else ' is'} free again" if freed else ""
    call.answer(f"deleted {_hashed(gone)}{slots}")


def clean(call: Call) -> None:
    """`~clean TRACK...`: nothing now, nothing next."""
    tracks = _known(call)
    for track in tracks:
        call.remove("now", track)
        call.remove("next", track)
    if tracks:
        call.answer(f"cleaned {_hashed(tracks)}")


def new_day(call: Call) -> None:
    """`~newday`: what was of yesterday goes."""
    for key in _OF_A_DAY:
        for name in call.board.get(key) or {}:
            call.remove(key, name)
    call.answer("a new day: now, next, locations, delays and check-ins are empty")


def motd(call: Call) -> None:
    """`~motd add LEVEL TEXT`, `del N`, `reorder N...`, `clean`."""
    word, _, rest = call.rest.partition(" ")
    if not word:
        for number, one in enumerate(call.board.data["motd"], start=1):
            call.answer(f"{number}: [{one['level']}] {one['message']}")
    actions = {"add": _motd_add, "del": _motd_del, "reorder": _motd_reorder, "clean": _motd_clean}
    action = actions.get(word.lower())
    if action is None:
        call.answer(f"what about the messages of the day? {_MOTD_USAGE}")
        return
    action(call, rest.strip(), list(call.board.data["motd"]))


def _motd_add(call: Call, rest: str, known: list[Any]) -> None:
    level, _, text = rest.partition(" ")
    text = text.strip()
    if level.lower() not in shape.LEVELS or not text:
        call.answer(f"write: ~motd add LEVEL TEXT; a LEVEL is one of {', '.join(shape.LEVELS)}")
    elif len(text) > _LONGEST_MOTD:
        call.answer(f"that has {len(text)} characters; {_LONGEST_MOTD} at most")
    elif len(known) >= _MOST_MOTD:
        call.answer(f"there are {_MOST_MOTD} messages already; ~motd del one first")
    else:
        call.put([*known, {"level": level.lower(), "message": text}], "motd")
        call.answer(f"message {len(known) + 1} is on the page")


def _motd_del(call: Call, rest: str, known: list[Any]) -> None:
    numbers = _numbers(call, rest, known)
    if numbers:
        call.put([m for n, m in enumerate(known) if n not in numbers], "motd")
        call.answer(f"removed; {len(known) - len(set(numbers))} left")


def _motd_reorder(call: Call, rest: str, known: list[Any]) -> None:
    numbers = _numbers(call, rest, known)
    if numbers:
        kept = list(dict.fromkeys(numbers))
        call.put([known[n] for n in kept], "motd")
        left_out = len(known) - len(kept)
        call.answer(f"reordered{f'; {left_out} removed' if left_out else ''}")


def _motd_clean(call: Call, rest: str, known: list[Any]) -> None:
    if rest:
        call.answer("~motd clean takes nothing more; ~motd del N removes one")
        return
    if known:
        call.put([], "motd")
    call.answer("there are no messages of the day")


def _numbers(call: Call, rest: str, known: list[Any]) -> list[int]:
    """Which messages, from 0; an answer and none where they are not all there."""
    words = rest.split()
    if words and all(_number(w) in range(1, len(known) + 1) for w in words):
        return [int(word) - 1 for word in words]
    there = f"there are {len(known)}" if known else "there are none"
    call.answer(f"say which messages by number, from 1; {there}")
    return []


def _number(word: str) -> int:
    """0 for what is none; Python refuses to read thousands of digits."""
    return int(word) if len(word) < 4 and word.isascii() and word.isdigit() else 0


def empty(call: Call) -> None:
    """`~emptydb`: a board as on the first day."""
    for key, value in call.board.data.items():
        if isinstance(value, dict) and value:
            # One by one, so that what people add meanwhile is not lost when it is undone.
            call.edits += [Edit.remove(key, name) for name in value]
        elif key not in shape.EMPTY:
            call.remove(key)
        elif value != shape.EMPTY[key] and key != "timestamp":
            call.put(shape.EMPTY[key], key)
    call.answer("the database is empty; ~undo brings it back")


def fetch(call: Call) -> None:
    """`~fetchdb URL`: the front end fetches it, and `replace` takes it."""
    if not is_web_address(call.rest):
        call.answer(f"{call.rest} is no web address; write ~fetchdb https://...")
        return
    call.outcome.fetch = call.rest
    call.answer("fetching; I say here when it is done")


def replace(call: Call, document: dict[str, Any]) -> None:
    """What was fetched takes the place of what is there, key by key; the tracks that its
    schedule mentions are added, and every track gets a colour."""
    board = call.board
    fresh = shape.complete({"tracks": board.tracks, **document})
    tracks = sorted(set(fresh["tracks"]) | shape.scheduled(document))
    for key in document:
        if key in ("tracks", "timestamp"):
            continue
        value, before = fresh[key], board.data.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            call.edits += [Edit.remove(key, name) for name in before if name not in value]
            call.edits += [
                Edit((key, name), inner)
                for name, inner in value.items()
                if name not in before or before[name] != inner
            ]
        elif value != before:
            call.put(value, key)
    if tracks != board.tracks:
        call.put(tracks, "tracks")
    colours = document.get("colors", board.data["colors"])
    for track in tracks:
        if track not in colours:
            call.put(chosen_colour(track), "colors", track)
    held = f"{counted(len(tracks), 'track')}, {counted(len(fresh['schedule']), 'room')}"
    call.answer(f"done: {held}; ~undo takes it back")


def require_voice(call: Call) -> None:
    """`~requirevoice`."""
    _voice(call, 1, "moderators need voice (+v) now")


def allow_everyone(call: Call) -> None:
    """`~alloweveryone`."""
    _voice(call, 0, "everybody may moderate now")


def undo(call: Call) -> None:
    """`~undo`: the last change of a moderator or an operator. What was changed again since
    stays as it is."""
    found = call.last_change()
    if found is None:
        call.answer("there is nothing to take back")
        return
    number, change = found
    after = {edit.path: edit for edit in change.edits}
    stays = 0
    for edit in change.inverse:
        left = after.get(edit.path)
        if left is not None and call.board.get(*edit.path) != (left.value if left.there else None):
            stays += 1
        else:
            call.edits.append(edit)
    call.undoes = number
    since = f"; what changed since stays ({stays})" if stays else ""
    call.answer(f"took back: {change.label} (by {change.by}, {call.clock(change.at)}){since}")


def _voice(call: Call, wanted: int, said: str) -> None:
    if call.board.data["voice"] != wanted:
        call.put(wanted, "voice")
    call.answer(said)


def _known(call: Call) -> list[str]:
    """The tracks that are named, as they are written on the board; the others are told."""
    found: list[str] = []
    for word in call.rest.split():
        name = word.removeprefix("#")
        track = call.board.track(name)
        if track is None:
            near = call.board.nearest(name)
            call.answer(f"there is no track #{name}{f'; did you mean #{near[0]}?' if near else ''}")
        elif track not in found:
            found.append(track)
    return found


def _hashed(tracks: list[str]) -> str:
    return " ".join(f"#{track}" for track in tracks)


_MOTD_USAGE = "~motd add LEVEL TEXT | del N | reorder N.. | clean"
VERBS = {
    "list": Verb(list_tracks, "~list", "the tracks", words="none"),
    "add": Verb(add, "~add TRACK..", "add tracks"),
    "del": Verb(delete, "~del TRACK..", "delete tracks"),
    "clean": Verb(clean, "~clean TRACK..", "nothing now and next for these"),
    "newday": Verb(new_day, "~newday", "empty now, next, locations, check-ins", words="none"),
    "motd": Verb(motd, _MOTD_USAGE, "the messages of the day", words="any"),
    "emptydb": Verb(empty, "~emptydb", "empty everything", words="none"),
    "fetchdb": Verb(fetch, "~fetchdb URL", "take the database from there"),
    "requirevoice": Verb(require_voice, "~requirevoice", "moderators need +v", words="none"),
    "alloweveryone": Verb(allow_everyone, "~alloweveryone", "everybody moderates", words="none"),
    "undo": Verb(undo, "~undo", "take back the last change", words="none"),
}
