"""Mail as a channel for messages."""

import base64
import smtplib
import ssl
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from labtool.core.config.models import Mail as Settings
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary, Unknown
from labtool.core.masking import conceal, retold
from labtool.core.messages import Address, Message, Receipt
from labtool.core.people import Person
from labtool.services.deadline import Deadline
from labtool.services.mail_text import compose, message_id, wire

# One step may take the config's timeout, a whole dialogue that many times as long.
_STEPS = 3
_UNREACHED = "mail_unreached"


class Mail:
    """Sends messages through an SMTP server, several over one connection. `ca_file` is the
    certificates to trust instead of the system's.
    """

    name: str = "mail"

    def __init__(self, settings: Settings, password: str, ca_file: Path | None = None) -> None:
        self._settings = settings
        self._password = password
        if password:
            # How the login looks on the wire (RFC 4616): a server may repeat it.
            login = f"\0{settings.user}\0{password}".encode()
            conceal(base64.b64encode(login).decode())
        self._ca_file = ca_file
        self._seconds = settings.timeout / timedelta(seconds=1)
        self._sender = parseaddr(settings.sender)[1]
        self._connection: smtplib.SMTP | None = None
        if "@" not in self._sender:
            raise AccessDenied(
                f"mail.from ({settings.sender!r}) has no mail address",
                fix="write labtool@example.org or Lab <labtool@example.org>",
                code="mail_from",
            )

    @property
    def _where(self) -> str:
        return f"mail server {self._settings.host}:{self._settings.port}"

    def login_check(self) -> str:
        """Prove the server and the login with one connection; who it was. Raises as `send`."""
        self.close()
        with Deadline(_STEPS * self._seconds) as deadline:
            self._connected(deadline)
        self.close()
        return f"{self._settings.user or 'answers without a login'} at {self._where}"

    def address(self, person: Person | None, channel: str) -> Address | None:
        """The person's mail address; None for channels and people without one."""
        if person is None or not person.email:
            return None
        return Address(person.email, person.name)

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        """Send once. Raises AccessDenied and Failed (this server, login or address), Temporary
        (certainly not sent) and Unknown (the connection was lost over the message).
        """
        mail = compose(message, address, self._settings.sender, thread)
        with Deadline(_STEPS * self._seconds) as deadline:
            try:
                self._deliver(mail, address.value, deadline)
            except (Failed, Temporary, Unknown):
                self.close()
                raise
        return Receipt(address.value, message_id(message.key, self._sender))

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        """Always raises Failed with code `cannot_ask`: a mail that left cannot be looked up."""
        raise Failed("mail cannot be asked what arrived", where=self._where, code="cannot_ask")

    def close(self) -> None:
        """End the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if connection.sock is not None:
                connection.sock.settimeout(1)
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()

    def _deliver(self, mail: EmailMessage, to: str, deadline: Deadline) -> None:
        content = wire(mail)
        connection = self._enveloped(to, deadline)
        self._step(lambda: connection.docmd("DATA"), 354, "the message")
        try:
            connection.send(content)
            code, said = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            what = "the connection was lost while the message was under way"
            raise Unknown(f"{what} ({_why(error)})", where=self._where, code="mail") from error
        if code // 100 in (4, 5):
            raise self._refused(code, said, "the message")
        if code // 100 != 2:
            raise Unknown("the answer makes no sense", where=self._where, code="mail")

    def _enveloped(self, to: str, deadline: Deadline) -> smtplib.SMTP:
        """A connection that has accepted sender and recipient. An idle one that the server
        has closed meanwhile is replaced once.
        """
        reused = self._connection is not None
        try:
            return self._envelope(self._connected(deadline), to)
        except Temporary as error:
            if error.code != _UNREACHED or not reused or deadline.expired:
                raise
            self.close()
            return self._envelope(self._connected(deadline), to)

    def _envelope(self, connection: smtplib.SMTP, to: str) -> smtplib.SMTP:
        sender = self._sender
        self._step(lambda: connection.mail(sender), 250, f"the sender {sender}")
        try:
            self._step(lambda: connection.rcpt(to), 250, f"the address {to}")
        except LabtoolError:
            # The next message may use the connection, but not this one's sender.
            self.close()
            raise
        return connection

    def _step(self, step: Callable[[], tuple[int, bytes]], wanted: int, of: str) -> None:
        """One step before anything of the message was sent."""
        try:
            code, said = step()
        except (OSError, smtplib.SMTPException, UnicodeEncodeError) as error:
            if isinstance(error, UnicodeEncodeError):
                what = f"{of} has characters that the mail server does not take"
                raise Failed(what, where=self._where, code="mail_address") from error
            raise self._unreached(error) from error
        if code in (wanted, 251):
            return
        raise self._refused(code, said, of)

    def _refused(self, code: int, reply: bytes, of: str) -> LabtoolError:
        text = f"refuses {of}: {code} {retold(reply.decode('utf-8', 'replace'))}"
        if code // 100 == 5 and of.startswith("the sender"):
            fix = "check mail.from, and mail.user and its password"
            return AccessDenied(text, where=self._where, fix=fix, code=f"mail_{code}")
        if code // 100 == 5:
            fix = "correct the address in the people's list" if of.startswith("the address") else ""
            return Failed(text, where=self._where, fix=fix, code=f"mail_{code}")
        return Temporary(text, where=self._where, code=_UNREACHED if code == 421 else "mail")

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        """The connection, made and logged in if there is none."""
        connection = self._connection
        if connection is None:
            connection = self._new()
        made = connection
        deadline.watch(lambda: made.sock)
        if self._connection is None:
            try:
                self._open(connection)
            except AccessDenied:
                connection.close()
                raise
            except (OSError, smtplib.SMTPException) as error:
                connection.close()
                raise self._explain(error) from error
            self._connection = connection
        return connection

    def _new(self) -> smtplib.SMTP:
        host, domain = self._settings.host, self._sender.rpartition("@")[2]
        if self._settings.security == "tls":
            return _Tls(host, domain, self._seconds, self._context())
        return _Plain(host, domain, self._seconds)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            what = f"mail.ca_file cannot be used ({error.strerror or 'no certificates in it'})"
            raise AccessDenied(what, where=str(self._ca_file), code="mail_ca") from error

    def _open(self, connection: smtplib.SMTP) -> None:
        settings = self._settings
        code, said = connection.connect(settings.host, settings.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        if settings.security == "starttls":
            connection.starttls(context=self._context())
        connection.ehlo_or_helo_if_needed()
        if settings.user:
            try:
                connection.login(settings.user, self._password)
            except UnicodeEncodeError:
                raise AccessDenied(
                    "mail.user or mail.password has a letter that no mail login takes",
                    where=self._where,
                    fix="use one of plain letters, digits and signs (ASCII)",
                    code="mail_login",
                ) from None

    def _explain(self, error: OSError | smtplib.SMTPException) -> LabtoolError:
        """Why there is no connection."""
        if isinstance(error, ssl.SSLCertVerificationError):
            fix = "check mail.host, or name the certificates to trust in mail.ca_file"
            what = f"its certificate is not trusted ({error.verify_message})"
            return AccessDenied(what, where=self._where, fix=fix, code="mail_tls")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            fix = "check mail.port and mail.security, or remove mail.user"
            return AccessDenied(_why(error), where=self._where, fix=fix, code="mail_setup")
        if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code // 100 == 5:
            fix = "check mail.user and mail.password"
            what = f"the login was refused ({error.smtp_code})"
            return AccessDenied(what, where=self._where, fix=fix, code="mail_login")
        return self._unreached(error)

    def _unreached(self, error: Exception) -> Temporary:
        what = f"cannot be reached ({_why(error)})"
        return Temporary(what, where=self._where, code=_UNREACHED)


def _why(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        return f"{error.smtp_code} {retold(text)}"
    strerror = error.strerror if isinstance(error, OSError) else None
    return retold(strerror or str(error) or type(error).__name__)


class _Plain(smtplib.SMTP):
    """A connection that knows its host (TLS checks it) before it connects."""

    def __init__(self, host: str, domain: str, seconds: float) -> None:
        super().__init__(local_hostname=domain, timeout=seconds)
        self._host = host


class _Tls(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""

    def __init__(self, host: str, domain: str, seconds: float, context: ssl.SSLContext) -> None:
        super().__init__(local_hostname=domain, timeout=seconds, context=context)
        self._host = host
