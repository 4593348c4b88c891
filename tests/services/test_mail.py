"""Mail over SMTP: what arrives, and what every fault turns into."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from labtool.core import text as neutral
from labtool.core.config.models import Mail as Settings
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary, Unknown
from labtool.core.messages import Address, Message, Receipt, Recipient
from labtool.core.people import Person
from labtool.services.mail import Mail
from tests.servers.smtp import PASSWORD, SENDER, USER, Smtp

ANN = Address("ann@lab.example", "Ann Lee")


def client(smtp: Smtp, password: str = PASSWORD, **more: Any) -> Mail:
    values = smtp.config(smtp.ca_file.parent)["mail"] | {"timeout": "2s"} | more
    ca_file = values["ca_file"]
    return Mail(Settings.model_validate(values), password, Path(ca_file) if ca_file else None)


def message(text: str = "Hello", key: str = "lunch:ann", **more: Any) -> Message:
    return Message(key, Recipient("person", "ann"), text, date(2026, 11, 30), **more)


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_a_mail_in_two_parts(smtp: Smtp) -> None:
    mail = client(smtp, **{"from": f"Lab Büro <{SENDER}>"})
    text = (
        "Günther <b>& Co</b>\n.\n.hidden\n"
        f"{neutral.mention('bob', 'Bob <S>')} {neutral.link('https://x.example/?a=1&b=2', 'here')} "
        f"{neutral.link('javascript:alert(1)', 'bad')}"
    )
    receipt = mail.send(ANN, message(text, subject="Über\r\nBcc: eve@lab.example"), None)
    mail.close()
    [got] = smtp.mails
    assert (got.sender, got.recipients, got.tls, got.user) == (SENDER, (ANN.value,), True, USER)
    head = got.message
    assert head["From"] == f"Lab Büro <{SENDER}>"
    assert head["To"] == "Ann Lee <ann@lab.example>"
    assert head["Subject"] == "Über Bcc: eve@lab.example"
    assert head["Bcc"] is None
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Date"].datetime is not None
    assert receipt == Receipt(ANN.value, head["Message-ID"])
    assert receipt.id.endswith("@lab.example>")
    assert got.text().splitlines() == [
        "Günther <b>& Co</b>",
        ".",
        ".hidden",
        "Bob <S> here <https://x.example/?a=1&b=2> bad <javascript:alert(1)>",
    ]
    html = got.text("html")
    assert "Günther &lt;b&gt;&amp; Co&lt;/b&gt;<br>" in html
    assert '<a href="https://x.example/?a=1&amp;b=2">here</a>' in html
    assert "<strong>Bob &lt;S&gt;</strong>" in html
    assert 'href="javascript' not in html
    assert "src=" not in html


def test_colours_threads_and_the_first_line_as_subject(smtp: Smtp) -> None:
    mail = client(smtp)
    first = mail.send(ANN, message("\nIt broke\nbadly", colour="danger"), None)
    mail.send(ANN, message("Again", key="b"), first)
    one, two = smtp.mails
    assert one.message["Subject"] == "It broke"
    assert "border-left" in one.text("html")
    assert "border-left" not in two.text("html")
    assert two.message["In-Reply-To"] == one.message["Message-ID"]


def test_a_key_has_one_message_id(smtp: Smtp) -> None:
    mail = client(smtp)
    ids = [mail.send(ANN, message(key=key), None).id for key in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_one_connection_for_many_and_a_new_one_when_it_was_closed(smtp: Smtp) -> None:
    mail = client(smtp)
    mail.send(ANN, message(), None)
    kept = mail._connection
    mail.send(ANN, message(key="b"), None)
    assert mail._connection is kept
    assert kept is not None
    assert kept.sock is not None
    kept.sock.shutdown(socket.SHUT_RDWR)  # as a server does with an idle client
    mail.send(ANN, message(key="c"), None)
    assert len(smtp.mails) == 3


def test_tls_from_the_start(smtp: Smtp) -> None:
    mail = client(smtp, port=smtp.tls_port, security="tls")
    mail.send(ANN, message(), None)
    assert smtp.mails[0].user == USER
    assert mail.login_check() == f"{USER} at mail server localhost:{smtp.tls_port}"


@pytest.mark.parametrize(
    ("stage", "action", "kind", "there"),
    [
        ("AUTH", "535 5.7.8 bad credentials", AccessDenied, 0),
        ("AUTH", "454 4.7.0 later", Temporary, 0),
        ("RCPT", "451 4.3.0 later", Temporary, 0),
        ("RCPT", "550 5.1.1 no such user", Failed, 0),
        ("RCPT", "421 4.3.2 shutting down", Temporary, 0),
        ("RCPT", "drop", Temporary, 0),
        ("RCPT", "hang", Temporary, 0),
        ("DATA", "451 4.3.0 later", Temporary, 0),
        ("DATA", "550 5.7.1 spam", Failed, 0),
        ("DATA", "drop", Unknown, 0),
        ("DATA", "hang", Unknown, 0),
        ("DATA", "hm", Unknown, 0),
        ("COMMITTED", "drop", Unknown, 1),
        ("COMMITTED", "hang", Unknown, 1),
    ],
)
def test_a_fault(smtp: Smtp, stage: Any, action: str, kind: type[LabtoolError], there: int) -> None:
    mail = client(smtp, timeout="0.5s")
    smtp.inject(stage, action, times=None)
    started = time.monotonic()
    error = caught(lambda: mail.send(ANN, message(), None))
    assert type(error) is kind
    assert time.monotonic() - started < 3
    assert len(smtp.mails) == there
    assert str(smtp.port) in error.where
    assert PASSWORD not in str(error)
    if action.startswith("550 5.1.1"):
        assert ANN.value in error.what
        assert "no such user" in error.what
    smtp.reset()
    mail.send(ANN, message(), None)
    assert len(smtp.mails) == 1, "the next message goes through"


def test_one_bad_address_does_not_harm_the_next(smtp: Smtp) -> None:
    mail = client(smtp)
    smtp.inject("RCPT", "550 5.1.1 no such user", match="ann@")
    caught(lambda: mail.send(ANN, message(), None))
    mail.send(Address("bob@lab.example", "Bob"), message(key="b"), None)
    assert [m.recipients for m in smtp.mails] == [("bob@lab.example",)]


def test_a_wrong_password_is_refused_at_the_check(smtp: Smtp) -> None:
    assert client(smtp).login_check().startswith(USER)
    error = caught(client(smtp, password="wrong").login_check)
    assert isinstance(error, AccessDenied)
    assert "mail.password" in error.fix
    assert "wrong" not in str(error)


@pytest.mark.parametrize("more", [{"password": "pässwörd"}, {"user": "bürö"}])
def test_a_login_beyond_ascii_is_refused_with_advice(smtp: Smtp, more: dict[str, Any]) -> None:
    mail = client(smtp, **more)
    error = caught(lambda: mail.send(ANN, message(), None))
    assert isinstance(error, AccessDenied)
    assert "ASCII" in error.fix
    assert not any(word in str(error) for word in more.values())


def test_certificates_are_verified(smtp: Smtp) -> None:
    for more in ({}, {"port": smtp.tls_port, "security": "tls"}):
        error = caught(client(smtp, ca_file="", **more).login_check)
        assert isinstance(error, AccessDenied)
        assert "certificate" in error.what
    error = caught(client(smtp, ca_file="/nowhere.pem").login_check)
    assert "mail.ca_file" in error.what
    assert smtp.mails == []


def test_a_server_without_starttls_gets_no_password(smtp: Smtp) -> None:
    mail = client(smtp, security="none")
    error = caught(mail.login_check)  # it offers AUTH only after STARTTLS
    assert isinstance(error, AccessDenied)


def test_nobody_listens(smtp: Smtp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = caught(lambda: client(smtp, port=port).send(ANN, message(), None))
    assert type(error) is Temporary


def test_a_dripping_server_ends_at_the_deadline(smtp: Smtp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                for _ in range(200):
                    try:
                        connection.send(b"2")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        mail = client(smtp, port=server.getsockname()[1], timeout="0.4s")
        started = time.monotonic()
        assert type(caught(lambda: mail.send(ANN, message(), None))) is Temporary
        assert time.monotonic() - started < 2.5
        thread.join(5)


def test_who_can_be_reached(smtp: Smtp) -> None:
    mail = client(smtp)
    assert mail.address(Person("ann", "Ann Lee", email=ANN.value), "") == ANN
    assert mail.address(Person("bob", "Bob Stone"), "") is None
    assert mail.address(None, "#lab") is None


@pytest.mark.parametrize("bad", ["a@b\r\nBcc: x@y", "a b@c", "ann", "a@b>, <c@d"])
def test_no_address_breaks_a_header_or_a_command(smtp: Smtp, bad: str) -> None:
    error = caught(lambda: client(smtp).send(Address(bad, "Ann"), message(), None))
    assert isinstance(error, Failed)
    assert smtp.mails == []


def test_it_cannot_be_asked(smtp: Smtp) -> None:
    error = caught(lambda: client(smtp).find(ANN, "lunch:ann", 0))
    assert (isinstance(error, Failed), error.code) == (True, "cannot_ask")


def test_a_sender_without_an_address_is_a_mistake(smtp: Smtp) -> None:
    assert "mail.from" in caught(lambda: client(smtp, **{"from": "the lab"})).what
