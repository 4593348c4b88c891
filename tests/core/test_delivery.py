"""Exactly once: whatever a channel answers and whenever the process dies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.config.models import Outbox as Settings
from labtool.core.database import Database
from labtool.core.delivery import Delivery, Post, deliver
from labtool.core.errors import AccessDenied, Failed, Temporary, Unknown
from labtool.core.messages import Address, Message, Receipt, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People, Person

AT_ONCE = Settings(settle_after=timedelta(0))
ANN = Person("ann-lee", "Ann Lee", email="ann@example.org", slack="U1")
BOB = Person("bob", "Bob", email="bob@example.org")


class Killed(BaseException):
    """The process ends here, as with `kill -9`: nothing that follows happens."""


@dataclass
class Channel:
    """A channel that answers by a script; `can_ask` as Slack can, and mail cannot."""

    name: str
    script: list[str] = field(default_factory=list)
    can_ask: bool = True
    reaches: Callable[[Person | None], bool] = lambda person: True
    arrived: list[tuple[str, str]] = field(default_factory=list)

    def address(self, person: Person | None, channel: str) -> Address | None:
        if not self.reaches(person):
            return None
        name = person.name if person else channel
        return Address(name, name)

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        what = self.script.pop(0) if self.script else "ok"
        if what == "killed before":
            raise Killed
        if what == "failed":
            raise Failed("no such user")
        if what == "denied":
            raise AccessDenied("the token was revoked")
        if what == "temporary":
            raise Temporary("down")
        if what == "lost before":
            raise Unknown("reset")
        if what == "bug before":
            raise ValueError("b'Bearer xoxb-1'")
        self.arrived.append((address.value, message.key))
        if what == "killed after":
            raise Killed
        if what == "lost after":
            raise Unknown("no reply")
        if what == "bug after":
            raise KeyError("ts")
        return Receipt(address.value, str(len(self.arrived)))

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        if not self.can_ask:
            raise Failed("mail cannot be asked", code="cannot_ask")
        found = (address.value, key) in self.arrived
        return Receipt(address.value, "found") if found else None


def message(key: str, to: str = "ann-lee", kind: str = "person", **more: object) -> Message:
    return Message(key, Recipient(kind, to), f"text of {key}", date(2030, 1, 1), **more)  # type: ignore[arg-type]


@dataclass
class Desk:
    """An outbox in a folder with channels to send through."""

    folder: Path
    channels: list[Channel]
    settings: Settings = AT_ONCE

    def open(self) -> Outbox:
        return Outbox(Database.open(self.folder))

    def deliver(self) -> Delivery:
        post = Post(
            {c.name: c for c in self.channels},
            People.of([ANN, BOB]),
            [c.name for c in self.channels],
        )
        return deliver(self.open(), lambda: post, self.settings, self.folder)


OUTCOMES = [
    "ok",
    "temporary",
    "denied",
    "lost before",
    "lost after",
    "bug before",
    "bug after",
    "killed before",
    "killed after",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(OUTCOMES), max_size=12),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8),
)
def test_each_key_arrives_exactly_once(script: list[str], keys: list[str]) -> None:
    with TemporaryDirectory() as folder:
        slack = Channel("slack", list(script))
        desk = Desk(Path(folder), [slack])
        for _ in range(len(script) + 2):
            for key in keys:
                desk.open().add(message(key))
            try:
                desk.deliver()
            except Killed:
                continue
        assert sorted(key for _, key in slack.arrived) == sorted(set(keys))
        assert {e.state for e in desk.open().entries()} == {"sent"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(OUTCOMES), max_size=8))
def test_mail_is_never_sent_twice(script: list[str]) -> None:
    with TemporaryDirectory() as folder:
        mail = Channel("mail", list(script), can_ask=False)
        desk = Desk(Path(folder), [mail])
        for _ in range(len(script) + 2):
            desk.open().add(message("a"))
            try:
                desk.deliver()
            except Killed:
                continue
        assert len(mail.arrived) <= 1
        [entry] = desk.open().entries()
        assert (entry.state, len(mail.arrived)) in {("sent", 1), ("unknown", 1), ("unknown", 0)}


def test_an_unknown_mail_is_told_once_and_left(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Channel("mail", ["lost after"], can_ask=False)])
    desk.open().add(message("a"))
    first = desk.deliver()
    assert [e.exit_status for e in first.errors] == [1]
    assert "not known" in str(first.errors[0])
    assert desk.deliver().errors == []


def test_the_next_channel_is_taken_when_one_refuses_the_person(tmp_path: Path) -> None:
    slack, mail = Channel("slack", ["failed"]), Channel("mail")
    desk = Desk(tmp_path, [slack, mail])
    desk.open().add(message("a"))
    assert desk.deliver().counts == {"sent": 1}
    assert (slack.arrived, mail.arrived) == ([], [("Ann Lee", "a")])


def test_a_message_waits_for_a_channel_that_is_down(tmp_path: Path) -> None:
    slack, mail = Channel("slack", ["temporary"]), Channel("mail")
    desk = Desk(tmp_path, [slack, mail])
    desk.open().add(message("a"))
    first = desk.deliver()
    assert (first.counts, [e.exit_status for e in first.errors]) == ({"waiting": 1}, [75])
    assert desk.deliver().counts == {"sent": 1}
    assert mail.arrived == []


def test_an_urgent_message_does_not_wait(tmp_path: Path) -> None:
    slack, mail = Channel("slack", ["temporary"]), Channel("mail")
    desk = Desk(tmp_path, [slack, mail])
    desk.open().add(message("a", urgent=True))
    assert desk.deliver().counts == {"sent": 1}
    assert mail.arrived == [("Ann Lee", "a")]


def test_a_revoked_token_is_met_once_and_loses_nothing(tmp_path: Path) -> None:
    slack = Channel("slack", ["denied"])
    desk = Desk(tmp_path, [slack])
    for key in ("a", "b", "c"):
        desk.open().add(message(key, "#general", "channel"))
    first = desk.deliver()
    assert first.counts == {"waiting": 3}
    assert {e.exit_status for e in first.errors} == {1}
    assert slack.script == []  # the other two were not tried
    assert desk.deliver().counts == {"sent": 3}


def test_a_bug_of_one_channel_does_not_stop_the_others(tmp_path: Path) -> None:
    slack, mail = Channel("slack", ["bug before"]), Channel("mail")
    desk = Desk(tmp_path, [slack, mail])
    for key in "ab":
        desk.open().add(message(key))
    first = desk.deliver()
    assert (first.counts, mail.arrived) == ({"sent": 2}, [("Ann Lee", "b"), ("Ann Lee", "a")])
    [error] = first.errors
    assert (type(error), error.what) == (
        AccessDenied,
        "labtool has a bug in sending by slack: ValueError",
    )
    [file] = (tmp_path / "logs").glob("bug-*.txt")
    assert str(file) in error.fix
    assert "xoxb" not in str(error)


def test_an_alert_takes_another_channel_at_once_after_a_bug(tmp_path: Path) -> None:
    mail = Channel("mail")
    desk = Desk(tmp_path, [Channel("slack", ["bug before"]), mail])
    desk.open().add(message("a", urgent=True))
    assert desk.deliver().counts == {"sent": 1}
    assert mail.arrived == [("Ann Lee", "a")]


def test_a_bug_in_asking_leaves_it_unknown(tmp_path: Path) -> None:
    class Broken(Channel):
        def find(self, address: Address, key: str, since: float) -> Receipt | None:
            raise KeyError("messages")

    mail = Channel("mail", reaches=lambda person: person != ANN)
    desk = Desk(tmp_path, [Broken("slack", ["lost after"]), mail])
    desk.open().add(message("a"))
    desk.open().add(message("b", "bob"))
    desk.deliver()
    assert [e.state for e in desk.open().entries()] == ["unknown", "sent"]


def test_an_admins_retry_begins_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Channel("slack", ["failed", "temporary"])])
    desk.open().add(message("a"))
    desk.deliver()
    database = Database.open(tmp_path)
    database.execute("UPDATE outbox SET created = created - 3 * 86400")
    outbox = desk.open()
    assert outbox.entry(1).state == "failed"
    outbox.retry(outbox.entry(1))
    assert desk.deliver().counts == {"waiting": 1}
    assert desk.deliver().counts == {"sent": 1}


def test_nobody_can_be_reached(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Channel("slack", reaches=lambda person: False)])
    desk.open().add(message("a"))
    desk.open().add(message("b", "somebody-who-left"))
    done = desk.deliver()
    assert done.counts == {"failed": 2}
    assert "labtool outbox retry 1" in str(done.errors[0])
    assert "not among the lab's people" in str(done.errors[1])


def test_one_that_fails_does_not_stop_its_siblings(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Channel("slack", ["failed", "ok", "temporary", "ok"])])
    for key in "abcd":
        desk.open().add(message(key))
    done = desk.deliver()
    assert done.counts == {"failed": 1, "sent": 2, "waiting": 1}


def test_a_message_is_given_up_after_retry_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Channel("slack", ["temporary"])], Settings(retry_for=timedelta(0)))
    desk.open().add(message("a"))
    assert desk.deliver().counts == {"failed": 1}


def test_a_reply_goes_into_the_thread_of_an_earlier_message(tmp_path: Path) -> None:
    threads = []

    class Threads(Channel):
        def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
            threads.append(thread)
            return super().send(address, message, thread)

    desk = Desk(tmp_path, [Threads("slack")])
    desk.open().add(message("a"))
    desk.open().add(message("b", thread="a"))
    desk.deliver()
    assert threads == [None, Receipt("Ann Lee", "1")]


def test_people_choose_their_channel(tmp_path: Path) -> None:
    slack, mail = Channel("slack"), Channel("mail")
    desk = Desk(tmp_path, [slack, mail])
    cat = Person("cat", "Cat", channels=("mail",))
    post = Post({"slack": slack, "mail": mail}, People.of([cat]), ["slack", "mail"])
    desk.open().add(message("a", "cat"))
    deliver(desk.open(), lambda: post, AT_ONCE, tmp_path)
    assert (slack.arrived, mail.arrived) == ([], [("Cat", "a")])


def test_nothing_is_built_when_nothing_waits(tmp_path: Path) -> None:
    def build() -> Post:
        raise AssertionError("no sender is needed")

    assert deliver(Outbox(Database.open(tmp_path)), build, AT_ONCE, tmp_path).counts == {}


def test_records_go_but_keys_stay_for_their_period(tmp_path: Path) -> None:
    outbox = Outbox(Database.open(tmp_path))
    desk = Desk(tmp_path, [Channel("slack")], Settings(keep=timedelta(0)))
    outbox.add(message("this year"))
    outbox.add(Message("long ago", Recipient("person", "bob"), "x", date(2020, 1, 1)))
    desk.deliver()
    desk.deliver()
    assert outbox.entries() == []
    assert not outbox.add(message("this year"))
    assert not outbox.add(message("this year"))


def test_keys_of_periods_long_ago_are_freed(tmp_path: Path) -> None:
    outbox = Outbox(Database.open(tmp_path))
    old = Message("long ago", Recipient("person", "bob"), "x", date(2010, 1, 1))
    desk = Desk(tmp_path, [Channel("slack")], Settings(keep=timedelta(0)))
    outbox.add(old)
    desk.deliver()
    desk.deliver()
    assert outbox.add(old)


def test_dry_run_of_the_lab_sends_to_the_admins(tmp_path: Path) -> None:
    admins = [Recipient("person", "bob"), Recipient("channel", "#admins")]
    outbox = Outbox(Database.open(tmp_path), admins)
    assert outbox.add(message("a"))
    assert not outbox.add(message("a"))
    found = [(e.message.to.name, e.message.text) for e in outbox.entries()]
    marked = "[dry run: would have gone to ann-lee]\ntext of a"
    assert found == [("bob", marked), ("#admins", marked)]


@pytest.mark.parametrize("state", ["waiting", "dropped"])
def test_an_admin_decides_on_an_unknown_message(tmp_path: Path, state: str) -> None:
    mail = Channel("mail", ["lost before"], can_ask=False)
    desk = Desk(tmp_path, [mail])
    desk.open().add(message("a"))
    desk.deliver()
    outbox = desk.open()
    outbox.settle(outbox.entry(1), state)
    desk.deliver()
    assert len(mail.arrived) == (1 if state == "waiting" else 0)
