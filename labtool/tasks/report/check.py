"""What `labtool check` looks at beyond the config's models: secrets, people, sheets, and
with `--online` each credential and each recipient."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel

from labtool.core.config import Config, Secret
from labtool.core.config.marks import Loc, dotted
from labtool.core.errors import ConfigError, LabtoolError, Problem
from labtool.core.roster import COLUMNS
from labtool.core.tables import MISTAKE, misspelt
from labtool.core.text import counted
from labtool.services.build import Services
from labtool.tasks.report.section import Report


@dataclass(slots=True)
class Findings:
    """`problems` are mistakes in what people wrote; `errors` what a vendor said; `notes` what
    a person should know; `proved` what was tried and works."""

    problems: list[Problem] = field(default_factory=list)
    errors: list[LabtoolError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    people_known: bool = False

    @property
    def exit_status(self) -> int:
        """2 for mistakes, else the worst of the errors."""
        if self.problems:
            return ConfigError.exit_status
        return min((error.exit_status for error in self.errors), default=0)

    def add(self, error: LabtoolError) -> None:
        """An error, where it belongs."""
        if error.code == "offline":
            self.notes.append(f"{error.where}: {error.what}")
        elif isinstance(error, ConfigError):
            self.problems += error.problems
        elif error.code == MISTAKE:
            self.problems.append(Problem(error.where, error.what, error.fix))
        else:
            self.errors.append(error)


def check_secrets(sections: Iterable[BaseModel], findings: Findings) -> None:
    """Secrets that are missing, and those that stand in the config itself. A secret that a
    command gives is left to `--online`."""
    for secret in (secret for section in sections for secret in secrets_of(section)):
        if secret.literal:
            findings.notes.append(
                f"{secret.where}: a secret stands in the config; move it to .env as NAME=..."
                ' and write "${NAME}"'
            )
        elif not secret.runs:
            try:
                secret.reveal()
            except ConfigError as error:
                findings.problems += error.problems


def secrets_of(value: object) -> Iterator[Secret]:
    """Every secret in a section, or in several."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from secrets_of(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from secrets_of(child)


def check_people(config: Config, services: Services, today: date, findings: Findings) -> None:
    """The people, and the admins among them."""
    try:
        people = services.people
    except LabtoolError as error:
        findings.add(error)
        return
    findings.people_known = True
    findings.problems += services.people_problems
    if len(people):
        birthdays = sum(person.birthday is not None for person in people.everyone)
        findings.proved.append(f"people: {len(people)}, {birthdays} with a birthday")
    name = config.core.people.sheet or "people"
    if name in services.sheets:
        findings.notes += misspelt(services.sheets.read(name), COLUMNS)
    findings.notes += _odd_people(services, today)
    if not config.core.lab.admins:
        findings.notes.append(
            f"{config.where('lab')}: lab.admins is empty: nobody will hear of errors"
        )


def _odd_people(services: Services, today: date) -> list[str]:
    """What is no mistake, but is seldom meant."""
    people = services.people
    admins = (people.get(to.name) for to in services.admins if to.kind == "person")
    notes = [
        f"{person.name} is an admin, and in the lab only until {person.end}"
        for person in admins
        if person and person.end and person.end < today
    ]
    owners: dict[str, str] = {}
    for person in people.everyone:
        email = person.email.casefold()
        other = owners.setdefault(email, person.name) if email else person.name
        if other != person.name:
            notes.append(f"{other} and {person.name} have the same mail address, {person.email}")
    return notes


def check_token(config: Config, findings: Findings) -> None:
    """Slack's tokens begin with xox, those of an app with xapp-; anything else is of another
    kind."""
    slack = config.core.slack
    if slack is None:
        return
    kinds = ((slack.token, "xox", "no Slack token: a bot's begins with xoxb-"),
             (slack.app_token, "xapp-", "no app token of Slack: it begins with xapp-"))  # fmt: skip
    for secret, begins, what in kinds:
        if secret is None or secret.runs:
            continue
        try:
            token = secret.reveal()
        except ConfigError:
            continue  # said already
        if not token.startswith(begins):
            findings.notes.append(f"{secret.where}: is {what}")


def check_sheets(config: Config, services: Services, findings: Findings) -> None:
    """Every sheet can be read."""
    for name in config.core.sheets:
        try:
            grid = services.sheets.probe(name)
        except LabtoolError as error:
            findings.add(error)
        else:
            findings.proved.append(f"sheet {name}: {counted(len(grid.cells), 'line')}")


def check_ways(
    config: Config, services: Services, spoken: Sequence[tuple[Loc, str]], findings: Findings
) -> None:
    """Whom the channels that are set up do not reach. `spoken` are the places in the config
    that speak to a channel of Slack's, each with the channel."""
    order = services.order
    findings.notes += [config.core.unheard] if config.core.unheard else []
    if "console" in order:
        return  # it reaches everybody
    admins: list[tuple[Loc, str]] = [
        (("lab", "admins", number), name)
        for number, name in enumerate(config.core.lab.admins)
        if name.startswith("#")
    ]
    for loc, channel in [*admins, *spoken] if "slack" not in order else ():
        what = f"messages to {channel} reach nobody: only Slack has channels"
        fix = "set up slack:, or name a person"
        if config.core.slack:
            fix = "add slack to lab.channels"
        elif loc[0] != "lab":
            fix += ", or delete the rule"
        findings.problems.append(Problem(config.where(*loc), what, fix, dotted(loc)))
    lost = [p.name for p in services.people.everyone if not p.email and not p.slack]
    if lost:
        shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        findings.notes.append(f"{shown} cannot be reached: neither a mail address nor a Slack id")


def check_report(config: Config, services: Services, findings: Findings) -> list[tuple[Loc, str]]:
    """Who gets the weekly report is somebody; the places that speak to a channel."""
    names = config.section("report", Report).to
    findings.problems += services.recipients(names, "report", "to")[1]
    return [(("report", "to", n), name) for n, name in enumerate(names) if name.startswith("#")]


def check_credentials(services: Services, findings: Findings) -> None:
    """One harmless call with each credential."""
    for name, prove in (("slack", _slack), ("mail", _mail)):
        try:
            proof = prove(services)
        except LabtoolError as error:
            findings.add(error)
        else:
            if proof:
                findings.proved.append(f"{name}: {proof}")


def _slack(services: Services) -> str:
    return services.slack.auth_test() if services.slack else ""


def _mail(services: Services) -> str:
    return services.mail.login_check() if services.mail else ""


def check_recipients(
    services: Services, channels: Iterable[str], today: date, findings: Findings
) -> None:
    """Every active person and every channel can be found in Slack."""
    slack = services.slack
    if slack is None:
        return
    found, known = 0, len(findings.errors)
    for person in services.people.everyone:
        if person.active(today) and (person.slack or person.email):
            try:
                slack.member(person)
                found += 1
            except LabtoolError as error:
                findings.add(error)
    for channel in sorted(set(channels)):
        try:
            slack.address(None, channel)
            found += 1
        except LabtoolError as error:
            findings.add(error)
    if found or len(findings.errors) == known:
        findings.proved.append(f"slack: {counted(found, 'recipient')} found")
