"""Who speaks in Slack."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from labtool.core.errors import Failed
from labtool.core.people import People, Person
from labtool.tasks.jobs.entry import Asker
from labtool.tasks.jobs.slack.hearing import Said
from labtool.tasks.jobs.who import Who

# Seconds that what Slack says of somebody holds.
_KNOWN = 600.0
# So many of those whom a message mentions are looked up.
_MENTIONED = 5


@dataclass(slots=True)
class Persons:
    """Those who speak. `profile` asks Slack who somebody is: name, mail address, whether they
    are a member, the app's own workspace."""

    profile: Callable[[str], Any]
    _known: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def who(self, heard: Said, people: People, today: date, link: str = "") -> Who:
        """Who has said something, with where the answer goes. Raises as `profile`."""
        found = self._profile(heard.user)
        # The event says too of which workspace they are.
        ours = not heard.team or heard.team == found.team or not heard.team.startswith("T")
        member = found.is_member and ours
        person = _person(people, heard.user, found.email if member else "")
        name = person.name if person else found.name
        if person and not person.active(today):
            person = None  # who has left keeps no rights
        asker = Asker(name, heard.user, heard.channel or heard.user, heard.thread, link=link)
        return Who(asker, person, member)

    def named(self, people: People, mentioned: Iterable[str]) -> People:
        """The people, so that those whom a message mentions are found by their Slack ids."""
        ids = {}
        for user in list(mentioned)[:_MENTIONED]:
            person = _person(people, user, "")
            if person is None:
                try:
                    found = self._profile(user)
                except Failed:
                    continue  # a mention of nobody is only text
                person = _person(people, user, found.email if found.is_member else "")
            if person is not None:
                ids[person.key] = user
        if not ids:
            return people
        return People.of(
            replace(one, aliases=(*one.aliases, ids[one.key])) if one.key in ids else one
            for one in people.everyone
        )

    def _profile(self, user: str) -> Any:
        at, found = self._known.get(user, (0.0, None))
        if found is None or time.monotonic() - at > _KNOWN:
            found = self.profile(user)
            self._known[user] = (time.monotonic(), found)
        return found


def _person(people: People, user: str, email: str) -> Person | None:
    """Who of the lab's people has a Slack id; else who has a mail address, which only the lab's
    own workspace may say."""
    folded = email.casefold()
    by_mail = None
    for person in people.everyone:
        if person.slack == user:
            return person
        # Somebody whose Slack id is another one is somebody else.
        if folded and not person.slack and person.email.casefold() == folded:
            by_mail = by_mail or person
    return by_mail
