"""Who hears of an instrument: each thing once, and once when it is over."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from labtool.core.clock import iso
from labtool.core.database import Database, Marks
from labtool.core.messages import Message, Recipient
from labtool.core.people import NoMatch, People, fold
from labtool.core.task import Run
from labtool.tasks.instruments.center.alerts import cancelled, conditions
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.looking import Look
from labtool.tasks.instruments.center.models import kept_state
from labtool.tasks.instruments.kinds._base import InstrumentOptions

_TOLD, _FREE, _SEEN = "instrument-told", "instrument-free", "instrument-seen"
# A cancelled procedure of long ago, from a log that was read late, is nobody's concern.
_FRESH = timedelta(hours=1)
# The next procedure of a sequence comes within seconds.
_REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Who:
    """Those who can be told."""

    people: Callable[[], People]
    admins: Callable[[], Sequence[Recipient]]

    def hear(self, options: InstrumentOptions, user: str) -> list[Recipient]:
        """The channel of an instrument, or the admins; and whoever is logged in, if the lab
        knows who that is."""
        found = [Recipient("channel", options.channel)] if options.channel else [*self.admins()]
        person = _logged_in(self.people(), user) if user else None
        return [*found, *([person] if person and person not in found else [])]


def _logged_in(people: People, user: str) -> Recipient | None:
    """Who has this login: by name, first name, key or alias, but not by a part of one, as it
    is no person who wrote it."""
    try:
        person = people.find(user)
    except NoMatch:
        return None
    called = (person.name, person.key, *person.aliases, person.name.split(" ")[0])
    return Recipient("person", person.key) if fold(user) in map(fold, called) else None


def tell(run: Run, looks: Sequence[tuple[Look, InstrumentOptions]], who: Who) -> int:
    """Put into the outbox what is new; the number of messages."""
    added = 0
    for found, options in looks:
        if found.behind and found.life != "silent":
            continue  # what is known is of before; the newest state is on its way
        added += _conditions(run, found, options, who)
        added += _free(run, found)
    return added + _cancelled(run, {f.key: (f, o) for f, o in looks}, who)


def _conditions(run: Run, found: Look, options: InstrumentOptions, who: Who) -> int:
    marks = Marks(run.database, _TOLD)
    now, added = run.clock.now(), 0
    here = {c.kind: c for c in conditions(found, options, now, run.clock.zone)}
    user = found.state.user if found.state else ""
    for kind, one in here.items():
        name = f"{found.key}:{kind}"
        known = json.loads(marks.get(name) or "[null]")[0]
        since = one.since or known or iso(now)
        if known == since:
            continue
        key = f"instrument:{name}:{since}"
        for to in who.hear(options, user if one.personal else ""):
            added += _say(run, f"{key}:{to}", to, one.text, "warning")
        told = json.dumps([since, user if one.personal else "", one.over])
        marks.put(name, told, iso(now))
    for name, value in _all(run.database, _TOLD, found.key):
        kind = name.partition(":")[2]
        if kind in here or (found.life == "silent" and kind != "silent"):
            continue  # while nothing is heard nobody knows whether it is over
        since, whose, over = json.loads(value)
        if kind == "silent" and found.heard and since == iso(found.heard):
            continue  # nothing was heard since; the server was away itself
        for to in who.hear(options, whose):
            added += _say(run, f"instrument:{name}:{since}:over:{to}", to, over, "good")
        marks.remove(name)
    return added


def _free(run: Run, found: Look) -> int:
    """Those who asked to be told when it is free."""
    if not _is_free(found, run.clock.now()):
        return 0
    added = 0
    for name, at in _all(run.database, _FREE, found.key):
        person = name.partition(":")[2]
        key = f"instrument:{found.key}:free:{person}:{at}"
        added += _say(run, key, Recipient("person", person), f"{found.name} is free", "good")
        Marks(run.database, _FREE).remove(name)
    return added


def _is_free(found: Look, now: datetime) -> bool:
    """Whether it has nothing to do, and had not for a while."""
    state = found.state
    if state is None or found.busy or found.life not in ("live", "quiet"):
        return False
    if state.state not in ("idle", "off"):
        return False
    return not state.since or now - found.moment(state.since) >= _REST


def waiting_for_it(database: Database, key: str) -> dict[str, str]:
    """Who wants to be told when an instrument is free (their keys), and since when."""
    return {name.partition(":")[2]: at for name, at in _all(database, _FREE, key)}


def ask_no_more(run: Run, key: str, person: str) -> None:
    """Do not tell this person after all."""
    Marks(run.database, _FREE).remove(f"{key}:{person}")


def ask_when_free(run: Run, key: str, person: str) -> None:
    """Tell this person once, when the instrument is free."""
    now = iso(run.clock.now())
    Marks(run.database, _FREE).put(f"{key}:{person}", now, now)


def _cancelled(run: Run, looks: dict[str, tuple[Look, InstrumentOptions]], who: Who) -> int:
    marks, keeping = Marks(run.database, _SEEN), Keeping(run.database)
    now, added = run.clock.now(), 0
    seen = marks.get("change")
    if seen is None:
        marks.put("change", str(keeping.newest()), iso(now))
        return 0
    for row in keeping.after(int(seen)):
        found = looks.get(row["instrument"])
        text = cancelled(found[0].name, row["event"], row["outcome"]) if found else ""
        if found and text and found[0].moment(row["at"]) > now - _FRESH:
            user = kept_state(row["state"]).user  # whoever is logged in by now
            for to in who.hear(found[1], user):
                added += _say(run, f"instrument:cancelled:{row['id']}:{to}", to, text, "warning")
        marks.put("change", str(row["id"]), iso(now))
    return added


def _all(database: Database, space: str, key: str) -> list[tuple[str, str]]:
    """The marks of an instrument."""
    rows = database.rows(
        "SELECT name, value FROM marks WHERE space = ? AND name >= ? AND name < ?",
        space,
        f"{key}:",
        f"{key};",
    )
    return [(str(row["name"]), str(row["value"])) for row in rows]


def _say(run: Run, key: str, to: Recipient, text: str, colour: str) -> bool:
    today = run.clock.today()
    return run.outbox.add(
        Message(
            key=key,
            to=to,
            text=text,
            subject=text,
            until=today + timedelta(days=2),
            colour="good" if colour == "good" else "warning",
            useful_until=today + timedelta(days=1),
        )
    )
