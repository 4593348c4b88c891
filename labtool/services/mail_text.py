"""A message as a mail: headers, plain text, HTML. Pure apart from the template's file."""

import hashlib
import re
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from functools import cache
from typing import TYPE_CHECKING

from labtool.core.errors import Failed
from labtool.core.messages import Address, Message, Receipt
from labtool.core.resources import folder
from labtool.core.text import clean, one_line, plain, render

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE = "mail/message.html.j2"
_LONGEST_SUBJECT = 150
_LONGEST = 500_000
_WEB = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
# Not every server takes eight bits.
_POLICY = SMTP.clone(cte_type="7bit")
_DOTS = re.compile(rb"^\.", re.MULTILINE)


def compose(message: Message, to: Address, sender: str, thread: Receipt | None) -> EmailMessage:
    """The mail. Raises Failed for an address that no header can hold."""
    name, mailbox = parseaddr(sender)
    mail = EmailMessage(policy=_POLICY)
    text = clean(plain(message.text))[:_LONGEST]
    subject = one_line(plain(message.subject) or _first_line(text), _LONGEST_SUBJECT)
    mail["From"] = _mailbox(name, mailbox)
    mail["To"] = _mailbox(to.label, to.value)
    mail["Subject"] = subject
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = message_id(message.key, mailbox)
    mail["Auto-Submitted"] = "auto-generated"
    if thread:
        mail["In-Reply-To"] = one_line(thread.id)
        mail["References"] = one_line(thread.id)
    mail.set_content(text)
    mail.add_alternative(_html(message, subject), subtype="html")
    return mail


def message_id(key: str, sender: str) -> str:
    """A Message-ID that is the same whenever a message with this key is sent."""
    domain = sender.rpartition("@")[2] or "localhost"
    return f"<labtool.{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def wire(mail: EmailMessage) -> bytes:
    """The mail as it follows DATA: dots doubled, and the line with the one that ends it."""
    content = mail.as_bytes(policy=_POLICY)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return _DOTS.sub(b"..", content) + b".\r\n"


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "A message from labtool")


def _mailbox(name: str, address: str) -> Mailbox:
    try:
        return Mailbox(one_line(name), addr_spec=address)
    except (ValueError, IndexError) as error:
        raise Failed(
            f"{clean(address)!r} is not a mail address",
            fix="correct it in the people's list",
            code="mail_address",
        ) from error


def _html(message: Message, subject: str) -> str:
    from markupsafe import Markup, escape

    def text(raw: str) -> str:
        return str(escape(clean(raw))).replace("\n", "<br>\n")

    def link(url: str, title: str) -> str:
        if not _WEB.match(url):
            return text(f"{title} ({url})" if title else url)
        return f'<a href="{escape(url)}">{escape(title or url)}</a>'

    body = render(
        message.text[:_LONGEST],
        escape=text,
        mention=lambda _, name: f"<strong>{text(name)}</strong>",
        link=link,
    )
    # Every part of it was escaped above.
    return _template().render(
        subject=subject,
        body=Markup(body),  # noqa: S704
        colour=message.colour,
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(folder("html"))
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(_TEMPLATE)
