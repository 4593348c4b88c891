"""The one place where real clients are built, each when it is first used."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from labtool.core.clock import Clock, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.delivery import Post
from labtool.core.errors import ConfigError, Failed, LabtoolError, Problem, Temporary
from labtool.core.messages import Address, Message, Receipt, Recipient, Sender
from labtool.core.people import NoMatch, People, Person
from labtool.services.directory import listed_people, load_people
from labtool.services.sheets import Sheets

if TYPE_CHECKING:
    from labtool.services.calendar import Event
    from labtool.services.irc.client import IrcClient
    from labtool.services.irc.settings import Heard
    from labtool.services.irc.settings import Settings as IrcSettings
    from labtool.services.mail import Mail
    from labtool.services.presentations import Presentations
    from labtool.services.slack import Slack
    from labtool.services.slack_socket import Receive, Socket
    from labtool.services.web import Listen, Web

_CALENDAR_SECONDS = 20.0


class Services:
    """A lab's services. Nothing is imported, read or connected to before it is used; with
    `dry_run` nothing is kept either, and without `online` no sheet is fetched.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        clock: Clock,
        *,
        dry_run: bool = False,
        online: bool = True,
        strict: bool = False,
    ) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._dry_run = dry_run
        self._online = online
        self._strict = strict

    @cached_property
    def sheets(self) -> Sheets:
        """The lab's sheets."""
        return Sheets(
            self._config,
            self._config.state / "sheets",
            keep=not self._dry_run,
            online=self._online,
            strict=self._strict,
        )

    @property
    def people(self) -> People:
        """Everybody. Raises as `Sheets.read` when the people's sheet cannot be had."""
        return self._directory[0]

    @property
    def people_problems(self) -> list[Problem]:
        """What is wrong with the entries of people, and of `lab.admins`."""
        return [*self._directory[1], *self._admins[1]]

    @cached_property
    def _directory(self) -> tuple[People, list[Problem]]:
        return load_people(self._config, self.sheets)

    @cached_property
    def _known(self) -> tuple[People, LabtoolError | None]:
        """Everybody, or the config's list and why it is only that: alerts must go out even
        when the people's sheet is what is broken.
        """
        try:
            return self.people, None
        except LabtoolError as error:
            return listed_people(self._config)[0], error

    @property
    def admins(self) -> list[Recipient]:
        """Who hears of errors: people, mail addresses and channels of `lab.admins`."""
        return self._admins[0]

    @cached_property
    def _admins(self) -> tuple[list[Recipient], list[Problem]]:
        return self.recipients(self._config.core.lab.admins, "lab", "admins")

    def recipients(self, names: Sequence[str], *loc: str) -> tuple[list[Recipient], list[Problem]]:
        """Who is meant by people's names, mail addresses and channels that stand at a place of
        the config; and what is wrong with the others."""
        people, missing = self._known
        found: list[Recipient] = []
        problems: list[Problem] = []
        for number, name in enumerate(names):
            if name.startswith("#"):
                found.append(Recipient("channel", name))
                continue
            try:
                found.append(Recipient("person", people.find(name, self._clock.today()).key))
            except NoMatch as error:
                if "@" in name:
                    found.append(self._by_address(people, name))
                elif missing is None:
                    where = self._config.where(*loc, number)
                    fix = "write a name of the people's list, a mail address or a #channel"
                    problems.append(Problem(where, str(error), fix, f"{'.'.join(loc)}[{number}]"))
        return found, problems

    def _by_address(self, people: People, email: str) -> Recipient:
        for person in people.everyone:
            if person.email.casefold() == email.casefold():
                return Recipient("person", person.key)
        return Recipient("address", email)

    @cached_property
    def console(self) -> Sender:
        """The console."""
        from labtool.services.console import Console

        return Console()

    @cached_property
    def slack(self) -> "Slack | None":
        """Slack; None where the config has no such section."""
        settings = self._config.core.slack
        if settings is None:
            return None
        from labtool.services.slack import Slack

        return Slack(settings, settings.token.reveal(), _Ids(self._database), self._known[0])

    def slack_socket(self, receive: "Receive") -> "Socket":
        """Slack's events, by Socket Mode, each handed to `receive`. Raises ConfigError where
        there is no slack.app_token."""
        settings = self._config.core.slack
        if settings is None or settings.app_token is None:
            fix = "write slack: {token: ..., app_token: ...}, the second one with connections:write"
            problem = Problem(self._config.where("slack"), "has no app_token", fix, "slack")
            raise ConfigError([problem])
        from labtool.services.slack_socket import Socket

        return Socket(settings.app_token.reveal(), settings.base_url, receive)

    @cached_property
    def mail(self) -> "Mail | None":
        """Mail; None where the config has no such section."""
        settings = self._config.core.mail
        if settings is None:
            return None
        from labtool.services.mail import Mail

        password = settings.password.reveal() if settings.password else ""
        ca_file = self._config.resolve(settings.ca_file) if settings.ca_file else None
        return Mail(settings, password, ca_file)

    def events(self, source: str, start: date, end: date) -> "list[Event]":
        """A calendar's events in these days, both included. Raises as `calendar.events`."""
        from labtool.services.calendar import events

        zone = self._config.core.lab.timezone
        return events(source, start, end, self._config.base, timeout=_CALENDAR_SECONDS, zone=zone)

    def irc(
        self,
        settings: "IrcSettings",
        *,
        heard: "Callable[[Heard], None]",
        told: Callable[[str], None],
        oops: Callable[[Exception], None],
    ) -> "IrcClient":
        """A client of IRC; it connects when it is run."""
        from labtool.services.irc.client import IrcClient

        return IrcClient(settings, heard=heard, told=told, oops=oops)

    def web(self, address: "Listen") -> "Web":
        """A web server; it listens when it is run."""
        from labtool.services.web import Web

        return Web(address)

    def presentations(self, folder: str = "", *, drive: bool = False) -> "Presentations":
        """`folder` (relative to the config), or Google Drive and a folder's id there (empty:
        copies go beside their template)."""
        if not drive:
            from labtool.services.folder_drive import FolderDrive

            return FolderDrive(self._config.resolve(folder), self._config.base)
        settings = self._config.core.google
        if settings is None:
            fix = "add google: {credentials: {file: PATH}}, or give the rule a folder"
            raise Failed("the config has no section google", fix=fix, code="no_google")
        from labtool.services.drive import Drive

        return Drive(settings, folder)

    @cached_property
    def senders(self) -> Mapping[str, Sender]:
        """Every channel that is set up, by its name. One that cannot even be built (its
        secret is missing) refuses each message, so that the others still work.
        """
        return {name: _Late(name, self) for name in self._channels()}

    def _channels(self) -> list[str]:
        core = self._config.core
        there = {"slack": core.slack is not None, "mail": core.mail is not None, "console": True}
        return [name for name, is_there in there.items() if is_there]

    @property
    def order(self) -> list[str]:
        """In which order people are reached: `lab.channels`, else Slack and mail as far as
        they are set up, else the console.
        """
        chosen: list[str] = list(self._config.core.lab.channels)
        return chosen or [name for name in self._channels() if name != "console"] or ["console"]

    @cached_property
    def post(self) -> Post:
        """The means of sending."""
        people, missing = self._known
        if missing is None:
            return Post(self.senders, people, self.order)
        return _PartialPost(self.senders, people, self.order, missing)

    def sender(self, name: str) -> Sender:
        """A channel's client, built now. Raises as its constructor and ConfigError."""
        found: Sender | None = self.console
        if name != "console":
            found = self.slack if name == "slack" else self.mail
        if found is None:
            raise Failed(f"the config has no section {name}", code=f"no_{name}")
        return found

    def close(self) -> None:
        """End the connections that are open."""
        mail = self.__dict__.get("mail")
        if mail is not None:
            mail.close()


class _Late:
    """A channel that is built when the first message needs it."""

    def __init__(self, name: str, services: Services) -> None:
        self.name = name
        self._services = services

    @cached_property
    def _sender(self) -> Sender:
        return self._services.sender(self.name)

    def address(self, person: Person | None, channel: str) -> Address | None:
        """As the channel's own."""
        return self._sender.address(person, channel)

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        """As the channel's own."""
        return self._sender.send(address, message, thread)

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        """As the channel's own."""
        return self._sender.find(address, key, since)


@dataclass(slots=True)
class _PartialPost(Post):
    """The means of sending while the people's sheet cannot be had: who is not in the
    config's list is not gone, but has to wait.
    """

    missing: LabtoolError

    def address(self, sender: Sender, to: Recipient) -> Address | None:
        if to.kind == "person" and self.people.get(to.name) is None:
            what = f"who {to.name} is cannot be found out: {self.missing.what}"
            raise Temporary(what, where=self.missing.where, fix=self.missing.fix, code="people")
        # The dataclass's slots make another class of it, which super() does not find.
        return Post.address(self, sender, to)


class _Ids:
    """Slack's ids in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, key: str) -> str | None:
        return Marks(self._database, f"slack-{kind}").get(key)

    def put(self, kind: str, key: str, value: str) -> None:
        marks = Marks(self._database, f"slack-{kind}")
        if value:
            marks.put(key, value, iso(datetime.now(UTC)))
        else:
            marks.remove(key)
