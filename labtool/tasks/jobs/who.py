"""Who speaks, and what they may do."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from labtool.core.errors import Failed
from labtool.core.people import NoMatch, People, Person, fold
from labtool.tasks.jobs.entry import Asker, Entry
from labtool.tasks.jobs.section import Job, Jobs, NamespaceOptions


@dataclass(frozen=True, slots=True)
class Who:
    """Who speaks: `person` where the people's list knows them and they have not left, `member`
    where they are no guest, `trusted` at the machine's own terminal. `unknown` is why nobody was
    found by the name that somebody wrote there."""

    asker: Asker
    person: Person | None = None
    member: bool = False
    trusted: bool = False
    unknown: str = ""


def check(name: str, namespace: NamespaceOptions, who: Who) -> None:
    """Raise Failed for who may not use a namespace."""
    if who.trusted:
        return
    _check_member(name, namespace, who)
    if namespace.allow and not is_one_of(who.person, namespace.allow):
        if who.unknown:
            fix = f"write a name of the people's list: {name} is for {', '.join(namespace.allow)}"
            raise Failed(who.unknown, where="--as", fix=fix, code="not_allowed")
        fix = f"ask {', '.join(namespace.allow)}"
        raise Failed(f"{name} is not for you", fix=fix, code="not_allowed")


def _check_member(name: str, namespace: NamespaceOptions, who: Who) -> None:
    if namespace.restricted and not (who.member or who.trusted):
        what = f"{name} is for members only"
        what += f", and {who.unknown}" if who.unknown else ""
        raise Failed(what, fix="ask one of them", code="restricted")


def check_type(jobs: Jobs, kind: str, who: Who) -> None:
    """Raise Failed for who may not use the namespace of a job's type. Of one that the config
    does not name any more nobody can say who may."""
    name = kind.partition("_")[0]
    namespace = jobs.all().get(name)
    if namespace:
        check(name, namespace, who)
    elif not who.trusted:
        fix = "ask whoever keeps labtool"
        raise Failed(f"the config names no {name} any more", fix=fix, code="no_namespace")


def sees(jobs: Jobs, kind: str, who: Who) -> bool:
    """Whether somebody may know of a type's jobs."""
    try:
        check_type(jobs, kind, who)
    except Failed:
        return False
    return True


def may_use(name: str, namespace: NamespaceOptions, who: Who) -> bool:
    """Whether `check` lets them."""
    try:
        check(name, namespace, who)
    except Failed:
        return False
    return True


def is_asked(jobs: Jobs, kind: str, who: Who) -> bool:
    """Whether it is for them to say yes to a type's jobs, whoever may ask for these. Raises
    Failed for a guest where only members may do anything."""
    namespace, job = jobs.find(kind) or (None, None)
    if not (namespace and job) or job.confirm is True or not is_one_of(who.person, job.confirm):
        return False
    _check_member(kind.partition("_")[0], namespace, who)
    return True


def may_confirm(job: Job, entry: Entry, who: Who) -> bool:
    """Whether it is theirs to say yes to a job that waits for one."""
    if who.trusted:
        return True
    if job.confirm is True:
        asker = entry.asker
        if asker.origin:
            return True  # there is nobody to ask but who may use it
        return (asker.user, asker.name) == (who.asker.user, who.asker.name)
    return is_one_of(who.person, job.confirm)


def is_one_of(person: Person | None, allowed: tuple[str, ...]) -> bool:
    """Whether a person is among names and roles."""
    if person is None:
        return False
    names = {fold(n) for n in (person.key, person.name, person.email, person.role, *person.aliases)}
    return any(fold(one) in names for one in allowed if one)


def at_the_terminal(user: str, channel: str, people: Callable[[], People], today: date) -> Who:
    """Whoever has this account, who may do anything; or as if `user` spoke: one of the people who
    are in the lab `today`, or a guest."""
    if not user:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = "somebody"
        return Who(Asker(name, channel=channel), trusted=True)
    try:
        person = people().find(user, today)
    except NoMatch as error:
        return Who(Asker(user, channel=channel), unknown=str(error))
    if not person.active(today):
        return Who(Asker(person.name, person.key, channel))
    return Who(Asker(person.name, person.key, channel), person, member=True)
