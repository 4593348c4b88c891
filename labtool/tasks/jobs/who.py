"""Who speaks, and what they may do."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from labtool.core.errors import Failed
from labtool.core.people import NoMatch, People, Person, fold
from labtool.tasks.jobs.queue import Asker
from labtool.tasks.jobs.section import NamespaceOptions


@dataclass(frozen=True, slots=True)
class Who:
    """Who speaks: `person` where the people's list knows them, `member` where they are no
    guest, `trusted` at the machine's own terminal."""

    asker: Asker
    person: Person | None = None
    member: bool = False
    trusted: bool = False


def check(name: str, namespace: NamespaceOptions, who: Who) -> None:
    """Raise Failed for who may not use a namespace."""
    if who.trusted:
        return
    if namespace.restricted and not who.member:
        raise Failed(f"{name} is for members only", fix="ask one of them", code="restricted")
    if namespace.allow and not is_one_of(who.person, namespace.allow):
        fix = f"ask {', '.join(namespace.allow)}"
        raise Failed(f"{name} is not for you", fix=fix, code="not_allowed")


def is_one_of(person: Person | None, allowed: tuple[str, ...]) -> bool:
    """Whether a person is among names and roles."""
    if person is None:
        return False
    names = {fold(n) for n in (person.key, person.name, person.email, person.role, *person.aliases)}
    return any(fold(one) in names for one in allowed if one)


def at_the_terminal(user: str, channel: str, people: Callable[[], People]) -> Who:
    """Whoever has this account, who may do anything; or as if `user` spoke: one of the people, or
    a guest."""
    if not user:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = "somebody"
        return Who(Asker(name, channel=channel), trusted=True)
    try:
        person = people().find(user)
    except NoMatch:
        return Who(Asker(user, channel=channel))
    return Who(Asker(person.name, person.key, channel), person, member=True)
