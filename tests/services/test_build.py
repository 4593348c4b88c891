"""The constructor of services, and the lab's people."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from labtool.core.clock import Clock
from labtool.core.config import load
from labtool.core.database import Database
from labtool.core.errors import ConfigError, Failed, LabtoolError, Temporary
from labtool.core.messages import Address, Message, Recipient
from labtool.services.build import Services
from tests.lab import Lab
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

CLOCK = Clock(ZoneInfo("UTC"), datetime(2026, 11, 22, 9, tzinfo=UTC))
PEOPLE = "name,email\nAnn Lee,ann@lab.example\nBob Stone,bob@lab.example\n"


def services(lab: Lab, config: dict[str, Any], *servers: Any, dry_run: bool = False) -> Services:
    found = load(lab.configure(config, *servers))
    return Services(found, Database.snapshot(lab.state), CLOCK, dry_run=dry_run)


def with_people(lab: Lab, /, **more: Any) -> dict[str, Any]:
    return {"sheets": {"people": {"csv": lab.sheet("people", PEOPLE)}}, **more}


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_people_from_the_list_and_the_sheet(lab: Lab) -> None:
    people = {"list": [{"name": "Bob Stone", "email": "bob@home.example"}, {"name": "Eve Park"}]}
    lab_services = services(lab, with_people(lab, people=people))
    assert [(p.key, p.email) for p in lab_services.people.everyone] == [
        ("bob-stone", "bob@home.example"),
        ("eve-park", ""),
        ("ann-lee", "ann@lab.example"),
    ]
    assert lab_services.people_problems == []


def test_a_sheet_by_another_name_and_its_mistakes(lab: Lab) -> None:
    path = lab.sheet("staff", "name,email\n,x@y\nAnn Lee,nope\n")
    config = {"people": {"sheet": "staff"}, "sheets": {"staff": {"csv": path}}}
    lab_services = services(lab, config | {"lab": {"admins": ["nobody"]}})
    assert [p.where.rsplit("/")[-1] for p in lab_services.people_problems] == [
        "staff:2:name",
        "staff:3:email",
        lab_services._config.where("lab", "admins", 0).rsplit("/")[-1],
    ]


def test_admins_are_people_addresses_and_channels(lab: Lab) -> None:
    admins = ["ann", "BOB@lab.example", "it@uni.example", "#admins"]
    assert services(lab, with_people(lab, lab={"admins": admins})).admins == [
        Recipient("person", "ann-lee"),
        Recipient("person", "bob-stone"),
        Recipient("address", "it@uni.example"),
        Recipient("channel", "#admins"),
    ]


def test_channels_in_order(lab: Lab, smtp: Smtp) -> None:
    assert services(lab, {}).order == ["console"]
    assert list(services(lab, {}).senders) == ["console"]
    slack = {"slack": {"token": "x"}}
    both = services(lab, slack, smtp)
    assert both.order == ["slack", "mail"]
    assert list(both.senders) == ["slack", "mail", "console"]
    chosen = services(lab, slack | {"lab": {"channels": ["console", "mail"]}}, smtp)
    assert chosen.order == ["console", "mail"]


def test_without_a_section_there_is_no_service(lab: Lab) -> None:
    empty = services(lab, {})
    assert (empty.slack, empty.mail) == (None, None)
    assert "no section slack" in str(caught(lambda: empty.sender("slack")))
    assert "no section google" in str(caught(lambda: empty.presentations(drive=True)))
    empty.presentations("slides")
    empty.close()


def test_a_missing_secret_stops_only_its_channel(lab: Lab) -> None:
    lab_services = services(lab, with_people(lab, slack={"token": {"file": "nowhere"}}))
    ann = lab_services.people.find("ann")
    post = lab_services.post
    error = caught(lambda: post.address(post.senders["slack"], Recipient("person", ann.key)))
    assert isinstance(error, ConfigError), "the message waits, or takes another channel"
    assert "nowhere cannot be read" in str(error)
    console = post.senders["console"]
    assert post.address(console, Recipient("person", ann.key)) == Address("Ann Lee", "Ann Lee")


def test_alerts_go_out_although_the_people_s_sheet_is_broken(lab: Lab) -> None:
    config = with_people(
        lab,
        lab={"admins": ["Eve", "ann", "it@uni.example"]},
        people={"list": [{"name": "Eve Park", "email": "eve@lab.example"}]},
    )
    lab.sheet("people", "")
    lab_services = services(lab, config)
    assert isinstance(caught(lambda: lab_services.people), Failed)
    assert lab_services.admins == [
        Recipient("person", "eve-park"),
        Recipient("address", "it@uni.example"),
    ]
    post = lab_services.post
    console = post.senders["console"]
    assert post.address(console, Recipient("person", "eve-park"))
    assert post.address(console, Recipient("channel", "#lab"))
    error = caught(lambda: post.address(console, Recipient("person", "ann-lee")))
    assert isinstance(error, Temporary), "who is in the sheet has to wait, and is not gone"


def test_ids_are_kept_between_runs(lab: Lab, slack: Slack) -> None:
    found = load(lab.configure(with_people(lab), slack))
    for _ in range(2):
        database = Database.open(lab.state)
        lab_services = Services(found, database, CLOCK)
        address = lab_services.post.address(
            lab_services.post.senders["slack"], Recipient("person", "ann-lee")
        )
        message = Message("k", Recipient("person", "ann-lee"), "Hi", date(2026, 11, 23))
        assert address
        lab_services.senders["slack"].send(address, message, None)
        database.close()
    assert len(slack.proxy.calls("users.lookupByEmail")) == 1
    assert len(slack.messages("@ann")) == 2


def test_mail_is_sent_and_closed(lab: Lab, smtp: Smtp) -> None:
    lab_services = services(lab, with_people(lab), smtp)
    message = Message("k", Recipient("person", "ann-lee"), "Hi", date(2026, 11, 23))
    sender = lab_services.senders["mail"]
    address = lab_services.post.address(sender, message.to)
    assert address
    sender.send(address, message, None)
    lab_services.close()
    assert [m.text().strip() for m in smtp.mails] == ["Hi"]


def test_a_dry_run_keeps_nothing(lab: Lab) -> None:
    assert len(services(lab, with_people(lab), dry_run=True).people) == 2
    assert not lab.state.exists()


def test_nothing_is_imported_before_it_is_used(lab: Lab) -> None:
    config = with_people(lab, slack={"token": "x"}, mail={"host": "h", "from": "a@b"})
    services(lab, config)
    code = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from zoneinfo import ZoneInfo\n"
        "from labtool.core.clock import Clock; from labtool.core.config import load\n"
        "from labtool.core.database import Database; from labtool.services.build import Services\n"
        "config = load(Path(sys.argv[1]))\n"
        "found = Services(config, Database.snapshot(config.state), Clock(ZoneInfo('UTC')))\n"
        "found.people, found.admins, found.senders, found.post.order\n"
        "names = {m.split('.')[0] for m in sys.modules}\n"
        "print(names & {'requests', 'urllib3', 'slack_sdk', 'smtplib', 'gspread', 'google',\n"
        "               'icalendar', 'jinja2', 'rich'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, lab.config_file], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
