"""The sections of the config that belong to no single task, with their defaults.

A task's own section is a model beside the task (`tasks/sections.py` lists them).
"""

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from labtool.core.config.secrets import Secret, SecretDocument
from labtool.core.config.types import Duration, Section, Slug, When, Words, Zone, mistake

ChannelName = Literal["slack", "mail", "console"]


class Lab(Section):
    """Who the lab is and where its state is kept."""

    name: str = Field(default="Lab", min_length=1)
    timezone: Zone = Field(default=ZoneInfo("UTC"), description="IANA name, such as Europe/Berlin")
    admins: Words = Field(default=(), description="The people who hear of errors")
    state: str = Field(default="state", description="Folder for the database, copies and logs")
    channels: tuple[ChannelName, ...] = Field(
        default=(),
        description="In which order people are reached; default: slack, mail, whichever is "
        "set up, and the console where neither is",
    )
    dry_run: bool = Field(default=False, description="Send everything to the admins instead")


class PersonEntry(Section):
    """One person, as `people.list` and the columns of the people sheet write them."""

    name: str = Field(min_length=1)
    aliases: Words = ()
    email: str = ""
    slack: str = Field(default="", description="Slack member id; found by email if empty")
    irc: str = ""
    github: str = ""
    birthday: str = Field(default="", description="1990-03-14 or 03-14")
    role: str = ""
    start: str = Field(default="", alias="from", description="First day in the lab")
    end: str = Field(default="", alias="to", description="Last day in the lab")
    channels: tuple[ChannelName, ...] = Field(default=(), description="Instead of lab.channels")


class PeopleSource(Section):
    """The lab's people: a list here, the name of a sheet, or both."""

    sheet: str = ""
    list_: tuple[PersonEntry, ...] = Field(default=(), alias="list")


class Sheet(Section):
    """Where one sheet is: a CSV file or URL, or a tab of a Google spreadsheet."""

    csv: str = Field(default="", description="Path, or http(s) URL of a published CSV")
    google: str = Field(default="", description="The spreadsheet's key")
    tab: str = Field(default="", description="The tab's name; default: the first")
    layout: Literal["plain", "daslab"] = "plain"
    stale_after: Duration = Field(
        default=timedelta(days=7), description="How long the last good copy may serve"
    )
    timeout: Duration = Field(default=timedelta(seconds=20))

    @model_validator(mode="after")
    def _one_source(self) -> "Sheet":
        if bool(self.csv) == bool(self.google):
            raise mistake("has no source or two", "write csv: PATH or google: KEY")
        if self.tab and not self.google:
            raise mistake("tab belongs to a Google spreadsheet", "remove it or write google: KEY")
        return self


class Google(Section):
    """The service account that reads Google Sheets and writes to Google Drive."""

    credentials: SecretDocument = Field(description="The account's JSON key: {file: PATH}")
    sheets_url: str = "https://sheets.googleapis.com"
    drive_url: str = "https://www.googleapis.com"
    timeout: Duration = Field(default=timedelta(seconds=20))


class Slack(Section):
    """The Slack app that messages come from."""

    token: Secret
    app_token: Secret | None = Field(
        default=None, description="xapp-..., with connections:write: for labtool slack-bot"
    )
    base_url: str = "https://slack.com/api/"
    timeout: Duration = Field(default=timedelta(seconds=15))
    pace: Duration = Field(
        default=timedelta(seconds=1), description="Between two messages to one channel"
    )


class Mail(Section):
    """The mail server that messages go through."""

    host: str = Field(min_length=1)
    port: Annotated[int, Field(gt=0, lt=65536)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: Secret | None = None
    sender: str = Field(alias="from", min_length=3)
    timeout: Duration = Field(default=timedelta(seconds=20))
    ca_file: str = Field(default="", description="Certificates to trust; default: the system's")


class Alerts(Section):
    """When the admins hear of errors, and of which they do not want to hear."""

    tolerate: Duration = Field(
        default=timedelta(hours=2.5), description="How long a temporary error may last unsaid"
    )
    snooze: dict[str, Duration | Literal["always"]] = Field(
        default_factory=dict,
        description="Error id: for how long after it was first seen, or always",
    )


class Outbox(Section):
    """How long messages are kept, and how long before asking what became of one."""

    keep: Duration = Field(default=timedelta(days=15))
    settle_after: Duration = Field(
        default=timedelta(seconds=15), description="Until a message in flight must have arrived"
    )
    retry_for: Duration = Field(
        default=timedelta(days=2), description="How long a message is tried before it fails"
    )


class Timer(Section):
    """One timer: a labtool command and when it runs."""

    run: str = Field(min_length=1, description="A labtool command with its arguments")
    when: When
    grace: Duration = Field(default=timedelta(hours=1), description="How late is overdue")
    why: str = Field(default="", description="One line for the crontab")
    ping: Secret | None = Field(
        default=None, description="A URL as of healthchecks.io, told of start, success and failure"
    )


class Core(Section):
    """The config's sections that belong to no single task; every one may be left out."""

    lab: Lab = Lab()
    people: PeopleSource = PeopleSource()
    sheets: dict[str, Sheet] = Field(default_factory=dict)
    google: Google | None = None
    slack: Slack | None = None
    mail: Mail | None = None
    alerts: Alerts = Alerts()
    outbox: Outbox = Outbox()
    timers: dict[Slug, Timer] = Field(default_factory=dict)

    @property
    def unheard(self) -> str:
        """What to know where messages are only printed; empty where Slack or mail take them."""
        if self.slack or self.mail:
            return ""
        return (
            "neither slack: nor mail: is set up, so messages are only printed; what cron or"
            " systemd runs prints them into cron's mail or systemd's journal"
        )
