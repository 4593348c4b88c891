"""What anybody may say: where they are, what they want to hear of."""

from labtool.core.clock import iso
from labtool.tasks.ptg.call import Call, Verb
from labtool.tasks.ptg.subscriptions import why_not

_LONGEST_PLACE = 100
# Anybody may say who they are: the board must not grow without end.
_MOST_CHECK_INS = 10_000
_MOST_SUBSCRIPTIONS = 5_000
_MOST_OF_ONE = 20
# More lines than this are not said before everybody.
_CROWD = 5


def check_in(call: Call) -> None:
    """`in #TRACK` or `in LOCATION`."""
    place = call.rest
    if place.startswith("#"):
        track = call.board.track(place[1:])
        if track is None:
            call.answer(_unknown_track(call, place[1:]))
            return
        place = f"#{track}"
    elif call.board.track(place):
        place = f"#{call.board.track(place)}"
    if len(place) > _LONGEST_PLACE:
        call.answer(f"that is a long name for a place; {_LONGEST_PLACE} characters at most")
        return
    known = call.board.data["last_check_in"]
    if call.speaker.key not in known and len(known) >= _MOST_CHECK_INS:
        call.remove("last_check_in", min(known, key=lambda nick: _stays(known[nick])))
    entry = {"nick": call.speaker.nick, "location": place, "in": iso(call.now), "out": None}
    call.put(entry, "last_check_in", call.speaker.key)
    call.undoable = False
    call.answer(f"OK, checked into {place} - thanks for the update!")


def check_out(call: Call) -> None:
    """`out`."""
    entry = call.board.get("last_check_in", call.speaker.key) or {}
    place = entry.get("location")
    if not place:
        call.answer("you were not checked in anywhere")
    elif entry.get("out"):
        call.answer(f"you checked out of {place} at {call.clock(entry['out'])} already")
    else:
        call.put({**entry, "out": iso(call.now)}, "last_check_in", call.speaker.key)
        call.undoable = False
        call.answer(f"OK, checked out of {place} - thanks for the update!")


def seen(call: Call) -> None:
    """`seen NICK`."""
    if len(call.rest.split()) > 1:
        call.answer("say one nick: seen NICK")
        return
    nick, entry = _entry(call)
    place = entry.get("location")
    if not place:
        call.answer(f"{nick} never checked in anywhere")
    elif entry.get("out"):
        call.answer(f"{nick} checked out of {place} at {call.clock(entry['out'])}")
    else:
        call.answer(f"{nick} was last seen in {place} at {call.clock(entry.get('in'))}")


def where(call: Call) -> None:
    """`where NICK`: where somebody is now, with the room."""
    nick, entry = _entry(call)
    place = entry.get("location")
    if not place or entry.get("out"):
        last = f"; last in {place}, until {call.clock(entry['out'])}" if place else ""
        call.answer(f"{nick} is not checked in anywhere{last}")
        return
    track = call.board.track(place[1:]) if place.startswith("#") else None
    room = call.board.location(track, call.now) if track else ""
    call.answer(
        f"{nick} is in {place}{f' ({room})' if room else ''} since {call.clock(entry.get('in'))}"
    )


def what(call: Call) -> None:
    """`what [#TRACK]`: what is on now and next."""
    board = call.board
    if call.rest:
        name = call.rest.removeprefix("#")
        track = board.track(name)
        call.answer(_topic(call, track) if track else _unknown_track(call, name))
        return
    busy = [t for t in board.tracks if board.get("now", t) or board.get("next", t)]
    if not busy:
        call.answer("no track has said what it discusses")
    alone = len(busy) > _CROWD and bool(call.speaker.channel)
    if alone:
        call.answer(f"{len(busy)} tracks are at work; I tell you in private")
    for track in busy:
        call.answer(_topic(call, track), alone=alone)


def subscribe(call: Call) -> None:
    """`subscribe [REGEXP]`."""
    current = _subscription(call)
    pattern = call.rest
    if not pattern:
        call.answer(
            f"your subscription is: {current}" if current else "you have no subscription yet"
        )
        return
    reason = why_not(pattern)
    if reason:
        call.answer(f"I cannot match that regular expression: {reason}")
        return
    owner = str(call.board.get("subscription_owners", call.speaker.key) or "")
    if current is None and owner.startswith("account:"):
        call.answer("this nick's subscription belongs to somebody else; identify to services first")
        return
    if current is None and (full := _too_many(call)):
        call.answer(full)
        return
    call.put(pattern, "subscriptions", call.speaker.key)
    call.put(call.speaker.owner, "subscription_owners", call.speaker.key)
    call.undoable = False
    was = f" (was {current})" if current else ""
    call.answer(f"subscription set to {pattern}{was}")


def unsubscribe(call: Call) -> None:
    """`unsubscribe`."""
    current = _subscription(call)
    if not current:
        call.answer("you have no subscription yet")
        return
    call.put(None, "subscriptions", call.speaker.key)
    call.remove("subscription_owners", call.speaker.key)
    call.undoable = False
    call.answer(f"cancelled your subscription {current}")


def give_help(call: Call) -> None:
    """`help`: the commands, to who asked alone."""
    prefix = call.prefix
    who = "with voice (+v)" if call.board.data["voice"] else "anybody, unless ~requirevoice"
    kinds = [
        ("user", f"Anyone (in the channel with {prefix} before it)"),
        ("track", f"Moderators ({who})"),
    ]
    if call.speaker.op:
        kinds.append(("admin", "Operators"))
    for kind, whose in kinds:
        usages = " | ".join(verb.usage for verb in call.verbs[kind].values())
        call.answer(f"{whose}: {usages}", alone=True)
    if call.help_url:
        call.answer(f"More at {call.help_url}", alone=True)


def _stays(entry: dict[str, str]) -> tuple[bool, str]:
    """Sorts first the check-in that is missed least: who is out, since the longest."""
    return not entry.get("out"), str(entry.get("in") or "")


def _too_many(call: Call) -> str:
    """Why there is no room for another subscription; empty if there is."""
    owners = call.board.data.get("subscription_owners") or {}
    if sum(owner == call.speaker.owner for owner in owners.values()) >= _MOST_OF_ONE:
        return f"you have {_MOST_OF_ONE} subscriptions under other nicks; unsubscribe one of them"
    every = call.board.data["subscriptions"]
    if len(every) >= _MOST_SUBSCRIPTIONS and call.speaker.key not in every:
        gone = next((nick for nick, pattern in every.items() if not pattern), None)
        if gone is None:
            return f"there are {_MOST_SUBSCRIPTIONS} subscriptions, more than I can keep"
        call.remove("subscriptions", gone)
    return ""


def _topic(call: Call, track: str) -> str:
    now = call.board.get("now", track)
    following = call.board.get("next", track) or []
    room = call.board.location(track, call.now)
    parts = [f"now: {now}"] if now else ["nothing now"]
    if following:
        parts.append(f"next: {' / '.join(following)}")
    return f"#{track}{f' ({room})' if room else ''} {'; '.join(parts)}"


def _entry(call: Call) -> tuple[str, dict[str, str]]:
    """The nick that was asked for, as its owner writes it, and its last check-in."""
    entry = call.board.get("last_check_in", call.rest.lower()) or {}
    return str(entry.get("nick") or call.rest), entry


def _subscription(call: Call) -> str | None:
    """The speaker's own subscription: not that of somebody who had the nick before."""
    key = call.speaker.key
    owner = call.board.get("subscription_owners", key)
    pattern = call.board.get("subscriptions", key)
    mine = owner in (None, call.speaker.owner, f"host:{call.speaker.host.lstrip('~')}")
    return pattern if mine else None


def _unknown_track(call: Call, name: str) -> str:
    near = call.board.nearest(name)
    meant = f"; did you mean {' or '.join(f'#{n}' for n in near)}?" if near else ""
    return f"there is no track #{name}{meant}"


VERBS = {
    "in": Verb(check_in, "in #TRACK or LOCATION", "say where you are"),
    "out": Verb(check_out, "out", "say that you left", words="none"),
    "seen": Verb(seen, "seen NICK", "where somebody was last", words="some"),
    "where": Verb(where, "where NICK", "where somebody is now"),
    "what": Verb(what, "what [#TRACK]", "what is on now and next", words="any"),
    "subscribe": Verb(
        subscribe, "subscribe [REGEXP]", "hear of topics that match; show which", words="any"
    ),
    "unsubscribe": Verb(unsubscribe, "unsubscribe", "hear of nothing more", words="none"),
    "help": Verb(give_help, "help", "these commands", words="any"),
}
