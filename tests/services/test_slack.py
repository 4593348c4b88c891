"""Slack over HTTP: what is sent, to whom, and what every fault turns into."""

import re
import socket
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from labtool.core import text as neutral
from labtool.core.config.models import Slack as Settings
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary, Unknown
from labtool.core.messages import Address, Message, Receipt, Recipient
from labtool.core.people import People, Person
from labtool.services.slack import Slack
from tests.servers.faults import Fault
from tests.servers.slack import Slack as Server
from tests.servers.slack_proxy import DOMAIN, TOKEN

ANN = Person("ann-lee", "Ann Lee", email=f"ann@{DOMAIN}")
BOB = Person("bob", "Bob Stone")
DEE = Person("dee", "Dee Moss", email=f"dee@{DOMAIN}")
PEOPLE = People.of([ANN, BOB, DEE])
POST = r"chat\.postMessage"


class Ids(dict[tuple[str, str], str]):
    """A cache of ids in memory."""

    def get(self, kind: str, key: str) -> str | None:  # type: ignore[override]  # another protocol
        return dict.get(self, (kind, key))

    def put(self, kind: str, key: str, value: str) -> None:
        self[kind, key] = value


def client(url: str, *, token: str = TOKEN, timeout: str = "2s", pace: str = "0") -> Slack:
    settings = Settings.model_validate(
        {"token": token, "base_url": url, "timeout": timeout, "pace": pace}
    )
    return Slack(settings, token, Ids(), PEOPLE)


@pytest.fixture
def sender(slack: Server) -> Slack:
    return client(slack.base_url)


def message(text: str = "Hello", key: str = "lunch:ann:2026", **more: Any) -> Message:
    return Message(key, Recipient("channel", "#lab"), text, date(2026, 11, 30), **more)


def lab(slack: Server) -> Address:
    return Address(slack.channel("lab"), "#lab")


def post(slack: Server, sender: Slack, text: str = "Hello", **more: Any) -> Receipt:
    return sender.send(lab(slack), message(text, **more), None)


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_the_token_is_proved(slack: Server, sender: Slack) -> None:
    assert sender.auth_test() == "Example Lab / labtool"
    error = caught(client(slack.base_url, token="xoxb-wrong").auth_test)
    assert isinstance(error, AccessDenied)
    assert "token" in error.fix
    assert "xoxb" not in str(error).replace("(xoxb-...)", "")


def test_what_slack_calls_itself_is_one_harmless_line(slack: Server, sender: Slack) -> None:
    odd = {"ok": True, "team": "Lab\x1b[31m\nred", "user": "bot"}
    slack.proxy.inject(Fault.json(odd), match="auth.test")
    assert sender.auth_test() == "Lab[31m red / bot"


def test_a_person_is_found_by_mail_address_once(slack: Server, sender: Slack) -> None:
    found = sender.address(ANN, "")
    assert found
    assert found.label == "@Ann Lee"
    receipt = sender.send(found, message(), None)
    [arrived] = slack.messages("@ann")
    assert (arrived.text, arrived.ts, found.value) == ("Hello", receipt.id, receipt.place)
    assert arrived.metadata == {
        "event_type": "labtool",
        "event_payload": {"key": "lunch:ann:2026"},
    }
    assert sender.address(ANN, "") == found
    assert len(slack.proxy.calls("users.lookupByEmail")) == 1
    assert len(slack.proxy.calls("conversations.open")) == 1


def test_a_slack_id_needs_no_lookup(slack: Server, sender: Slack) -> None:
    person = Person("bob", "Bob Stone", email="x@nowhere.example", slack=slack.user("bob"))
    address = sender.address(person, "")
    assert address
    sender.send(address, message(), None)
    assert len(slack.messages("@bob")) == 1
    assert slack.proxy.calls("users.lookupByEmail") == []


def test_who_cannot_be_reached(slack: Server, sender: Slack) -> None:
    assert sender.address(BOB, "") is None
    for person in (
        DEE,
        Person("x", "Xia Wu", email="xia@nowhere.example"),
        Person("d", "Dee Moss", slack=slack.user("dee")),
    ):
        error = caught(lambda person=person: sender.address(person, ""))
        assert type(error) is Failed
        assert person.name in error.what
        assert "people" in error.fix


def test_a_kept_id_of_a_replaced_account_is_looked_up_again(slack: Server, sender: Slack) -> None:
    sender._ids.put("user", ANN.email, slack.user("dee"))
    address = sender.address(ANN, "")
    assert address
    sender.send(address, message(), None)
    assert len(slack.messages("@ann")) == 1


def test_channels_by_name_and_id(slack: Server, sender: Slack) -> None:
    assert sender.address(None, "#lab") == Address(slack.channel("lab"), "#lab")
    sender.address(None, "#LAB")
    assert len(slack.proxy.calls("conversations.list")) == 1
    assert slack.proxy.calls("conversations.list")[0].args["exclude_archived"] == "1"
    assert sender.address(None, "C0123ABCD") == Address("C0123ABCD", "C0123ABCD")
    error = caught(lambda: sender.address(None, "#nowhere"))
    assert (type(error), error.code) == (Failed, "channel_not_found")
    assert "#nowhere" in str(error)


def test_channels_are_listed_page_by_page(slack: Server, sender: Slack) -> None:
    page = {"ok": True, "channels": [], "response_metadata": {"next_cursor": "more"}}
    slack.proxy.inject(Fault.json(page), times=2, match=r"conversations\.list")
    assert sender.address(None, "#lab") == lab(slack)
    assert [seen.args["cursor"] for seen in slack.proxy.calls("conversations.list")] == [
        "",
        "more",
        "more",
    ]


def test_text_is_escaped_and_tokens_are_rendered(slack: Server, sender: Slack) -> None:
    hostile = neutral.clean("<!channel> & <@U1> *Tom*")
    text = (
        f"{hostile} {neutral.mention('ann-lee', 'Ann Lee')} {neutral.mention('bob', 'B <b>')} "
        f"{neutral.mention('nobody', 'X')} {neutral.link('https://x.example/?a=1&b=<|>', 'a|b>')} "
        f"{neutral.link('/srv/slides.odp', 'slides')}"
    )
    post(slack, sender, text)
    [arrived] = slack.messages("#lab")
    assert arrived.text == (
        f"&lt;!channel&gt; &amp; &lt;@U1&gt; *Tom* <@{slack.user('ann')}> B &lt;b&gt; X "
        "<https://x.example/?a=1&amp;b=&lt;%7C&gt;|a|b&gt;> slides (/srv/slides.odp)"
    )
    [seen] = slack.proxy.calls("chat.postMessage")
    assert (seen.args["unfurl_links"], seen.args["unfurl_media"]) == (False, False)


def test_a_mention_that_cannot_be_made_is_a_name(slack: Server, sender: Slack) -> None:
    post(slack, sender, f"Hi {neutral.mention('dee', 'Dee Moss')}")
    assert slack.messages("#lab")[0].text == "Hi Dee Moss"


def test_long_text_is_cut_between_words(slack: Server, sender: Slack) -> None:
    post(slack, sender, "word & " * 10_000)
    text = slack.messages("#lab")[0].text
    assert len(text) <= 40_000
    assert re.search(r"(word|&amp;)\n… \(the rest was too long for Slack\)$", text)


def test_colour_blocks_and_threads(slack: Server, sender: Slack) -> None:
    blocks = ({"type": "divider"},)
    first = post(slack, sender, "It <broke>", colour="danger", key="a")
    post(slack, sender, "With blocks", blocks=blocks, key="b")
    sender.send(lab(slack), message("Again", key="c"), first)
    one, two, three = sorted(
        slack.messages("#lab"), key=lambda m: m.metadata["event_payload"]["key"]
    )
    [attachment] = one.attachments
    assert attachment["color"] == "danger"
    assert attachment["text"] == "It &lt;broke&gt;"
    assert attachment["fallback"] == "It <broke>"
    assert (two.text, two.blocks) == ("With blocks", list(blocks))
    assert (three.text, three.thread_ts) == ("Again", first.id)


def test_pace_is_kept_for_each_channel(slack: Server) -> None:
    sender = client(slack.base_url, pace="0.3s")
    started = time.monotonic()
    for n in range(3):
        post(slack, sender, key=f"{n}")
    sender.send(Address(slack.channel("general"), "#general"), message(), None)
    assert 0.6 <= time.monotonic() - started < 2
    at = [seen.at for seen in slack.proxy.calls("chat.postMessage")]
    assert at[1] - at[0] > 0.25
    assert at[3] - at[2] < 0.25


# fault, the error's class, and how many messages stand in the channel afterwards
POSTING = [
    (Fault.status(429, retry_after=3600), Temporary, 0),
    (Fault.slack("ratelimited"), Temporary, 0),
    (Fault.slack("channel_not_found"), Failed, 0),
    (Fault.slack("is_archived"), Failed, 0),
    (Fault.slack("user_disabled"), Failed, 0),
    (Fault.slack("no_text"), Failed, 0),
    (Fault.slack("msg_too_long"), Failed, 0),
    (Fault.slack("invalid_auth"), AccessDenied, 0),
    (Fault.slack("token_revoked"), AccessDenied, 0),
    (Fault.slack("account_inactive"), AccessDenied, 0),
    (Fault.slack("internal_error", committed=True), Unknown, 1),
    (Fault.slack("fatal_error"), Unknown, 0),
    (Fault.slack("service_unavailable"), Unknown, 0),
    (Fault.status(503), Unknown, 0),
    (Fault.status(500, committed=True), Unknown, 1),
    (Fault.html(status=502), Unknown, 0),
    (Fault.html(), Unknown, 0),
    (Fault.html(committed=True), Unknown, 1),
    (Fault.html(status=404), Failed, 0),
    (Fault.reply("", status=302, headers={"Location": "https://login.example/"}), Failed, 0),
    (Fault.malformed(committed=True), Unknown, 1),
    (Fault.reply("[1, 2]", committed=True), Unknown, 1),
    (Fault.truncated(), Unknown, 1),
    (Fault.drop(), Unknown, 0),
    (Fault.drop(committed=True), Unknown, 1),
    (Fault.reset(), Unknown, 0),
    (Fault.reset(committed=True), Unknown, 1),
    (Fault.hang(), Unknown, 0),
    (Fault.hang(committed=True), Unknown, 1),
]


@pytest.mark.parametrize(
    ("fault", "kind", "there"), POSTING, ids=lambda v: getattr(v, "name", None)
)
def test_a_fault_when_posting(
    slack: Server, fault: Fault, kind: type[LabtoolError], there: int
) -> None:
    sender = client(slack.base_url, timeout="1s")
    slack.proxy.inject(fault, times=None, match=POST)
    started = time.time()
    error = caught(lambda: post(slack, sender))
    assert type(error) is kind
    assert time.time() - started < 4
    assert len(slack.proxy.calls("chat.postMessage")) == 1, "posted again without being sure"
    assert len(slack.messages("#lab")) == there
    assert error.where
    assert TOKEN not in str(error)
    slack.proxy.reset()
    found = sender.find(lab(slack), "lunch:ann:2026", started)
    assert (found is not None) == bool(there)


def test_a_short_wait_is_kept_and_the_message_is_there_once(slack: Server, sender: Slack) -> None:
    slack.proxy.inject(Fault.status(429, retry_after=1), times=2, match=POST)
    started = time.monotonic()
    post(slack, sender)
    assert time.monotonic() - started >= 2
    assert len(slack.messages("#lab")) == 1


def test_a_long_wait_is_left_to_the_next_run(slack: Server, sender: Slack) -> None:
    slack.proxy.inject(Fault.status(429, retry_after=120), match=POST)
    error = caught(lambda: post(slack, sender))
    assert isinstance(error, Temporary)
    assert error.retry_after == 120


def test_a_missing_scope_is_named(slack: Server, sender: Slack) -> None:
    answer = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "none"}
    slack.proxy.inject(Fault.json(answer), match=POST)
    error = caught(lambda: post(slack, sender))
    assert isinstance(error, AccessDenied)
    assert "chat:write" in error.fix
    slack.proxy.inject(Fault.json(answer | {"needed": "users:read.email"}), match="lookup")
    error = caught(lambda: sender.address(ANN, ""))
    assert type(error) is Failed, "channels do not need this scope"
    assert "users:read.email" in error.fix


def test_a_renamed_channel_is_looked_up_again(slack: Server, sender: Slack) -> None:
    address = sender.address(None, "#lab")
    assert address
    slack.proxy.inject(Fault.slack("is_archived"), match=POST)
    error = caught(lambda: sender.send(address, message(), None))
    assert "#lab" in error.where
    sender.address(None, "#lab")
    assert len(slack.proxy.calls("conversations.list")) == 2


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sender = client(f"http://127.0.0.1:{port}/api/")
    error = caught(lambda: sender.send(Address("C1", "#lab"), message(), None))
    assert type(error) is Temporary


def test_no_tls_no_message(slack: Server) -> None:
    sender = client(slack.base_url.replace("http:", "https:"))
    error = caught(lambda: sender.send(Address("C1", "#lab"), message(), None))
    assert type(error) is Temporary
    assert slack.proxy.requests == []


def test_a_dripping_answer_ends_at_the_deadline() -> None:
    """Bytes come all the time, so that no step alone takes long."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        sender = client(f"http://127.0.0.1:{server.getsockname()[1]}/api/", timeout="1s")
        started = time.monotonic()
        error = caught(lambda: sender.send(Address("C1", "#lab"), message(), None))
        assert type(error) is Unknown
        assert time.monotonic() - started < 2
        thread.join(5)


READING = [
    Fault.status(503),
    Fault.status(429, retry_after=1),
    Fault.html(),
    Fault.malformed(),
    Fault.truncated(),
    Fault.drop(),
    Fault.reset(),
]


@pytest.mark.parametrize("fault", READING, ids=lambda f: f.name)
def test_reading_is_tried_again(slack: Server, sender: Slack, fault: Fault) -> None:
    slack.proxy.inject(fault, times=1)
    assert sender.auth_test() == "Example Lab / labtool"


def test_reading_ends(slack: Server, sender: Slack) -> None:
    slack.proxy.inject(Fault.html(), times=None)
    error = caught(sender.auth_test)
    assert type(error) is Temporary
    assert len(slack.proxy.requests) == 3


def test_find_looks_at_keys_times_and_threads(slack: Server, sender: Slack) -> None:
    before = time.time()
    first = post(slack, sender, key="one")
    answer = sender.send(lab(slack), message(key="two"), first)
    assert sender.find(lab(slack), "one", before) == Receipt(first.place, first.id)
    assert sender.find(lab(slack), "two", before) == Receipt(answer.place, answer.id)
    assert sender.find(lab(slack), "three", before) is None
    assert sender.find(lab(slack), "one", before + 3600) is None
    assert all(
        seen.args["include_all_metadata"] == "1"
        for seen in slack.proxy.calls("conversations.history")
    )


def test_find_reads_page_by_page(slack: Server, sender: Slack) -> None:
    first = post(slack, sender, key="one")
    page = {"ok": True, "messages": [], "response_metadata": {"next_cursor": "more"}}
    slack.proxy.inject(Fault.json(page), times=3, match=r"conversations\.history")
    assert sender.find(lab(slack), "one", time.time()) == Receipt(first.place, first.id)


def test_find_never_guesses(slack: Server, sender: Slack) -> None:
    page = {"ok": True, "messages": [], "response_metadata": {"next_cursor": "more"}}
    slack.proxy.inject(Fault.json(page), times=None, match=r"conversations\.history")
    assert caught(lambda: sender.find(lab(slack), "one", time.time())).code == "cannot_ask"
    slack.proxy.reset()
    for word in ("missing_scope", "not_in_channel"):
        slack.proxy.inject(Fault.slack(word))
        error = caught(lambda: sender.find(lab(slack), "one", time.time()))
        assert (isinstance(error, Failed), error.code) == (True, "cannot_ask")
    slack.proxy.inject(Fault.hang(), times=None)
    quick = client(slack.base_url, timeout="0.5s")
    assert type(caught(lambda: quick.find(lab(slack), "one", time.time()))) is Temporary
