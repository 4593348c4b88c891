"""Messages of steps: into the outbox of the machine that works at the run, under a key that is
sent once, however often the step is done."""

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.core.messages import Button, Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import NoMatch
from labtool.core.text import clean
from labtool.services.build import Services

_KEPT = timedelta(days=60)


def tell(
    config: Config,
    key: str,
    to: Sequence[str],
    text: str,
    subject: str = "",
    buttons: tuple[Button, ...] = (),
) -> None:
    """Say it to channels (#name), people, those with a role, mail addresses; to the admins where
    `to` is empty. Raises Failed for who is not there."""
    clock = Clock(config.core.lab.timezone)
    with closing(Database.open(config.state)) as database:
        services = Services(config, database, clock)
        try:
            found = recipients(services, to, clock) if to else services.admins
            with database.write():
                outbox = Outbox(database)
                for one in found:
                    message = Message(f"{key}:{one}", one, clean(text), clock.today() + _KEPT,
                                      subject=subject, buttons=buttons)  # fmt: skip
                    outbox.add(message)
        finally:
            services.close()


def recipients(services: Services, to: Sequence[str], clock: Clock) -> list[Recipient]:
    """Who is meant. Raises Failed for who is not there."""
    found: dict[Recipient, None] = {}
    for name in to:
        if name.startswith("#"):
            found[Recipient("channel", name)] = None
            continue
        people = services.people
        with_role = [one for one in people.everyone
                     if one.role and one.role.casefold() == name.casefold()
                     and one.active(clock.today())]  # fmt: skip
        if with_role:
            found |= {Recipient("person", one.key): None for one in with_role}
            continue
        try:
            found[Recipient("person", people.find(name, clock.today()).key)] = None
        except NoMatch as error:
            if "@" not in name:
                fix = "write a #channel, a name of the people's list, a role or a mail address"
                raise Failed(str(error), where=name, fix=fix, code="nobody") from None
            found[Recipient("address", name)] = None
    return list(found)
