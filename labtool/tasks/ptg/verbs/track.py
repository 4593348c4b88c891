"""What a track's moderators may say: what is on, where, since when."""

from urllib.parse import urlsplit

from labtool.core.text import counted
from labtool.tasks.ptg.call import Call, Verb
from labtool.tasks.ptg.colours import parse_colour
from labtool.tasks.ptg.shape import bookable

_LONGEST_TOPIC = 500
_LONGEST_URL = 500
_MOST_NEXT = 20
_LONGEST_DELAY = 12 * 60


def now(call: Call) -> None:
    """`#TRACK now TOPIC`: replaces what was on, and what came next."""
    if _too_long(call):
        return
    call.put(call.rest, "now", call.track)
    call.remove("next", call.track)
    _announce(call)


def following(call: Call) -> None:
    """`#TRACK next TOPIC`: one more thing to come."""
    known = call.board.get("next", call.track) or []
    if _too_long(call):
        return
    if len(known) >= _MOST_NEXT:
        call.answer(f"#{call.track} has {_MOST_NEXT} topics to come; clean some first")
        return
    call.put([*known, call.rest], "next", call.track)
    _announce(call)


def clean(call: Call) -> None:
    """`#TRACK clean`: nothing now, nothing next."""
    call.remove("now", call.track)
    call.remove("next", call.track)
    call.answer(f"cleaned #{call.track}" if call.edits else f"#{call.track} is clean already")


def book(call: Call) -> None:
    """`#TRACK book ROOM-SLOT`: a free slot."""
    found = call.board.slot(call.rest)
    if found is None:
        call.answer(f"there is no slot {call.rest}; {_free(call)}")
        return
    room, slot = found
    owner = bookable(call.board.data["schedule"][room])[slot]
    if owner:
        call.answer(f"{room}-{slot} is taken by #{owner}; {_free(call)}")
        return
    call.put(call.track, "schedule", room, slot)
    call.answer(f"{room} is booked on {slot} for #{call.track}")


def unbook(call: Call) -> None:
    """`#TRACK unbook ROOM-SLOT`: one of its own."""
    found = call.board.slot(call.rest)
    owner = bookable(call.board.data["schedule"][found[0]])[found[1]] if found else ""
    if found is None or owner.casefold() != call.track.casefold():
        own = [
            f"{room}-{slot}"
            for room, plan in call.board.data["schedule"].items()
            for slot, track in bookable(plan).items()
            if track.casefold() == call.track.casefold()
        ]
        which = f"its slots: {', '.join(own)}" if own else "it has none"
        call.answer(f"{call.rest} is no slot of #{call.track}; {which}")
        return
    room, slot = found
    call.put("", "schedule", room, slot)
    call.answer(f"{room} (booked for #{call.track} before) is free again on {slot}")


def etherpad(call: Call) -> None:
    """`#TRACK etherpad URL` or `auto`."""
    _set_url(call, "etherpads", "etherpad", "auto")


def url(call: Call) -> None:
    """`#TRACK url URL` or `none`."""
    _set_url(call, "urls", "url", "none")


def color(call: Call) -> None:
    """`#TRACK color COLOUR`."""
    if parse_colour(call.rest) is None:
        call.answer(
            f"{call.rest} is no CSS colour; write one such as teal, #42f4c5 or rgb(0 90 90)"
        )
        return
    call.put(call.rest, "colors", call.track)
    call.answer(f"#{call.track} is {call.rest} now")


def location(call: Call) -> None:
    """`#TRACK location PLACE`."""
    if _too_long(call):
        return
    if call.rest.casefold() in ("none", "auto"):
        call.remove("location", call.track)
        call.answer(f"#{call.track} is where the schedule says")
        return
    call.put(call.rest, "location", call.track)
    call.answer(f"#{call.track} is in {call.rest} now")


def delay(call: Call) -> None:
    """`#TRACK delay MINUTES`: its later slots of the day start so much later; 0 takes all
    delays back."""
    try:
        minutes = int(call.rest)
    except ValueError:
        call.answer("say by how many minutes, such as: delay 15")
        return
    if abs(minutes) > _LONGEST_DELAY:
        call.answer(f"that is more than {_LONGEST_DELAY} minutes; book another slot instead")
        return
    track = call.track
    later = [
        s for s, _ in call.board.slots_today(track, call.now) if s.start and s.start > call.now
    ]
    names = list(dict.fromkeys(slot.name for slot in later))
    if not names:
        unread = [s.name for s, _ in call.board.slots_today(track, call.now) if s.start is None]
        why = f" ({', '.join(unread)} has no time that I can read)" if unread else ""
        call.answer(f"#{track} has no later slot today{why}")
        return
    totals = {name: (call.board.delay(track, name) + minutes if minutes else 0) for name in names}
    known = call.board.get("delays", track) or {}
    kept = {name: total for name, total in {**known, **totals}.items() if total}
    if kept:
        call.put(kept, "delays", track)
    else:
        call.remove("delays", track)
    said = ", ".join(_late(name, total) for name, total in totals.items())
    call.answer(f"#{track}: {said}")
    topics = [f"#{track} delay {minutes}"]
    topics += [f"#{track} now {call.board.get('now', track) or ''}"]
    topics += [f"#{track} next {topic}" for topic in call.board.get("next", track) or [""]]
    room = call.board.location(track, call.now)
    call.notify(topics, f"#{track}{f' ({room})' if room else ''} is delayed: {said}")


def _late(slot: str, minutes: int) -> str:
    if not minutes:
        return f"{slot} on time"
    return f"{slot} {counted(abs(minutes), 'minute')} {'later' if minutes > 0 else 'earlier'}"


def _announce(call: Call) -> None:
    """What `now` and `next` have in common: the room, the note, the subscribers."""
    track, verb = call.track, call.asked.verb
    room, by_hand = call.board.room_now(track, call.now), call.board.by_hand(track, call.now)
    if room and not by_hand:
        call.put(room, "location", track)
    place = room if room and not by_hand else str(call.board.get("location", track) or "")
    note = "" if room else f" (note: #{track} has no room scheduled today)"
    call.answer(f"{verb} in #{track}{f' ({place})' if place else ''}: {call.rest}{note}")
    call.notify(
        [f"#{track} {verb} {call.rest}"],
        f"{verb} in #{track}{f' ({place})' if place else ''}: {call.rest}",
    )


def _set_url(call: Call, key: str, word: str, default: str) -> None:
    text = call.rest
    if text.casefold() == default:
        call.remove(key, call.track)
        call.answer(f"the {word} of #{call.track} is the default one")
        return
    if not is_web_address(text):
        call.answer(f"{text} is no web address; write https://... or {default}")
        return
    call.put(text, key, call.track)
    call.answer(f"the {word} of #{call.track} is {text}")


def is_web_address(text: str) -> bool:
    """Whether a link may point there: http or https, one word, a host."""
    if len(text) > _LONGEST_URL or any(c.isspace() or c in "<>\"'`\\" for c in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _too_long(call: Call) -> bool:
    if len(call.rest) <= _LONGEST_TOPIC:
        return False
    call.answer(f"that has {len(call.rest)} characters; {_LONGEST_TOPIC} at most")
    return True


def _free(call: Call) -> str:
    day = call.board.today(call.now)
    names = {slot.name for slot in day.slots} if day else None
    free = [
        f"{room}-{slot}"
        for room, plan in call.board.data["schedule"].items()
        for slot, track in bookable(plan).items()
        if not track and (names is None or slot in names)
    ]
    when = " today" if names is not None else ""
    if not free:
        return f"no slot is free{when}"
    more = f" and {len(free) - 6} more" if len(free) > 6 else ""
    return f"free{when}: {', '.join(free[:6])}{more}"


VERBS = {
    "now": Verb(now, "#TRACK now TOPIC", "what is discussed now"),
    "next": Verb(following, "#TRACK next TOPIC", "what comes next"),
    "clean": Verb(clean, "#TRACK clean", "nothing now and next", words="none"),
    "clear": Verb(clean, "#TRACK clear", "the same as clean", words="none"),
    "book": Verb(book, "#TRACK book ROOM-SLOT", "take a free slot"),
    "unbook": Verb(unbook, "#TRACK unbook ROOM-SLOT", "give a slot back"),
    "etherpad": Verb(etherpad, "#TRACK etherpad URL|auto", "where the notes are"),
    "url": Verb(url, "#TRACK url URL|none", "where the meeting is online"),
    "color": Verb(color, "#TRACK color COLOUR", "the colour of its badge"),
    "location": Verb(location, "#TRACK location PLACE|none", "where it is, if not in its room"),
    "delay": Verb(delay, "#TRACK delay MINUTES", "its later slots of today start later"),
}
