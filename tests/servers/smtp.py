"""A mail server: STARTTLS, TLS and AUTH with a certificate of its own authority, and faults."""

import asyncio
import email
import email.policy
import logging
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.loop import Loop

USER, PASSWORD = "labtool", "correct horse"
SENDER = "labtool@lab.example"

Stage = Literal["MAIL", "AUTH", "RCPT", "DATA", "COMMITTED"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was accepted: its envelope, the parsed message, and how it came."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    tls: bool
    user: str
    at: float

    def text(self, kind: Literal["plain", "html"] = "plain") -> str:
        """The content of the part of this kind; empty where there is none."""
        part = self.message.get_body((kind,))
        return part.get_content() if isinstance(part, EmailMessage) else ""


@dataclass(slots=True)
class _Fault:
    stage: Stage
    action: str
    left: int | None
    match: str
    used: int = 0


class Smtp:
    """Listens on `port` (plain, STARTTLS offered and needed for AUTH) and on `tls_port`."""

    def __init__(self) -> None:
        self._loop: Loop | None = None
        self._servers: list[asyncio.Server] = []
        self._folder = tempfile.TemporaryDirectory(prefix="labtool-smtp-")
        self._mails: list[Mail] = []
        self._faults: list[_Fault] = []
        self._guard = threading.Lock()
        self._released = asyncio.Event()
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self.port = self.tls_port = 0
        logging.getLogger("mail").setLevel(logging.CRITICAL)

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of a labtool config that reach it."""
        return {
            "mail": {
                "host": "localhost",
                "port": self.port,
                "user": USER,
                "password": "${MAIL_PASSWORD}",
                "from": SENDER,
                "ca_file": str(self.ca_file),
            }
        }

    def env(self) -> dict[str, str]:
        """The secrets that `config` names."""
        return {"MAIL_PASSWORD": PASSWORD}

    @property
    def mails(self) -> list[Mail]:
        """What was accepted since the last `reset`, in order."""
        with self._guard:
            return list(self._mails)

    def inject(self, stage: Stage, action: str, *, times: int | None = 1, match: str = "") -> None:
        """Fail the next `times` (None: all) commands at `stage`.

        `action` is a whole reply such as `451 4.3.0 try later`, `drop` (the connection
        closes) or `hang` (nothing, until `reset`). `COMMITTED` is after a mail was kept and
        before that is said. `match` stands in the recipient's address, at RCPT.
        """
        with self._guard:
            self._faults.append(_Fault(stage, action, times, match))

    def reset(self) -> None:
        """Forget mails and faults; end what hangs."""
        if self._loop is not None:
            self._loop.call(self._release())
        with self._guard:
            self._mails.clear()
            self._faults.clear()

    def start(self) -> Self:
        """Make a certificate and listen."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self._loop = Loop()
        self.port = self._loop.call(self._listen(context, None))
        self.tls_port = self._loop.call(self._listen(None, context))
        return self

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._loop is not None:
            self.reset()
            for server in self._servers:
                self._loop.loop.call_soon_threadsafe(server.close)
            self._loop.stop()
            self._loop = None
        self._folder.cleanup()

    async def _listen(self, starttls: ssl.SSLContext | None, tls: ssl.SSLContext | None) -> int:
        def protocol() -> SMTP:
            return SMTP(
                self,
                hostname="localhost",
                tls_context=starttls,
                auth_require_tls=tls is None,
                authenticator=self._login,
                enable_SMTPUTF8=True,
                loop=asyncio.get_running_loop(),
            )

        # By name as clients take it: `localhost` may be ::1 to them before it is 127.0.0.1.
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    def _take(self, stage: Stage, address: str = "") -> str:
        """The action of the fault that this command meets, or nothing."""
        with self._guard:
            for fault in self._faults:
                spent = fault.left is not None and fault.used >= fault.left
                if fault.stage == stage and not spent and fault.match in address:
                    fault.used += 1
                    return fault.action
        return ""

    async def _fail(self, server: SMTP, stage: Stage, address: str = "") -> str:
        """The reply of the fault at this stage; nothing where all is well."""
        action = self._take(stage, address)
        if action == "hang":
            await self._released.wait()
        if action in ("hang", "drop"):
            if server.transport is not None:
                server.transport.close()
            raise ConnectionResetError
        return action

    def _login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        reply = self._take("AUTH")
        right = isinstance(data, LoginPassword) and data == LoginPassword(
            USER.encode(), PASSWORD.encode()
        )
        if right and not reply:
            return AuthResult(success=True, auth_data=USER)
        return AuthResult(success=False, handled=False, message=reply or None)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds hooks by the command's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """A sender is named: a hook of aiosmtpd."""
        reply = await self._fail(server, "MAIL")
        if not reply:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by the command's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """A recipient is named: a hook of aiosmtpd."""
        reply = await self._fail(server, "RCPT", address)
        if not reply:
            envelope.rcpt_tos.append(address)
        return reply or "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds hooks by the command's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """A mail is there: a hook of aiosmtpd."""
        reply = await self._fail(server, "DATA")
        if reply:
            return reply
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        parse: Callable[..., EmailMessage] = email.message_from_bytes
        mail = Mail(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            parse(raw, policy=email.policy.default),
            server.transport is not None and bool(server.transport.get_extra_info("sslcontext")),
            str(session.auth_data or ""),
            time.time(),
        )
        with self._guard:
            self._mails.append(mail)
        return await self._fail(server, "COMMITTED") or "250 2.0.0 OK"
