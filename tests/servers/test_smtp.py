"""The mail stand-in, as smtplib finds it."""

import smtplib
import ssl
from email.message import EmailMessage

import pytest

from tests.servers.smtp import PASSWORD, SENDER, USER, Smtp


def letter() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Größe"
    message["From"] = SENDER
    message["To"] = "ann@lab.example"
    message.set_content("Hello Ann")
    message.add_alternative("<b>Hello Ann</b>", subtype="html")
    return message


def context(smtp: Smtp) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(smtp.ca_file))


def connect(smtp: Smtp, login: bool = True) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", smtp.port, timeout=5)
    client.starttls(context=context(smtp))
    if login:
        client.login(USER, PASSWORD)
    return client


def test_a_mail_arrives_over_starttls(smtp: Smtp) -> None:
    with connect(smtp) as client:
        client.send_message(letter())
    [mail] = smtp.mails
    assert (mail.sender, mail.recipients) == (SENDER, ("ann@lab.example",))
    assert (mail.tls, mail.user) == (True, USER)
    assert mail.message["Subject"] == "Größe"
    assert mail.text().strip() == "Hello Ann"
    assert mail.text("html").strip() == "<b>Hello Ann</b>"


def test_over_tls_and_in_the_clear(smtp: Smtp) -> None:
    with smtplib.SMTP_SSL("localhost", smtp.tls_port, timeout=5, context=context(smtp)) as client:
        client.login(USER, PASSWORD)
        client.send_message(letter())
    with smtplib.SMTP("localhost", smtp.port, timeout=5) as client:
        client.send_message(letter())
    assert [(mail.tls, mail.user) for mail in smtp.mails] == [(True, USER), (False, "")]


def test_a_certificate_that_nobody_vouches_for(smtp: Smtp) -> None:
    client = smtplib.SMTP("localhost", smtp.port, timeout=5)
    with client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())


def test_logins_that_fail(smtp: Smtp) -> None:
    with connect(smtp, login=False) as client, pytest.raises(smtplib.SMTPException) as refused:
        client.login(USER, "wrong")
    assert "535" in str(refused.value)
    smtp.inject("AUTH", "454 4.7.0 Temporary authentication failure", times=None)
    with connect(smtp, login=False) as client, pytest.raises(smtplib.SMTPException) as refused:
        client.login(USER, PASSWORD)
    assert "454" in str(refused.value)


@pytest.mark.parametrize("reply", ["451 4.3.0 try later", "550 5.1.1 no such user"])
def test_refused_recipients_and_contents(smtp: Smtp, reply: str) -> None:
    smtp.inject("RCPT", reply, match="ann@")
    with connect(smtp) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.send_message(letter())
    assert refused.value.recipients["ann@lab.example"][0] == int(reply[:3])
    smtp.inject("DATA", reply)
    with connect(smtp) as client, pytest.raises(smtplib.SMTPDataError):
        client.send_message(letter())
    assert smtp.mails == []
    with connect(smtp) as client:
        client.send_message(letter())
    assert len(smtp.mails) == 1


def test_lost_before_and_after_it_was_kept(smtp: Smtp) -> None:
    smtp.inject("DATA", "drop")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connect(smtp).send_message(letter())
    assert smtp.mails == []
    smtp.inject("COMMITTED", "drop")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connect(smtp).send_message(letter())
    assert len(smtp.mails) == 1


def test_hangs(smtp: Smtp) -> None:
    smtp.inject("COMMITTED", "hang")
    client = connect(smtp)
    assert client.sock is not None
    client.sock.settimeout(0.2)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        client.send_message(letter())
    assert len(smtp.mails) == 1
