"""The console as a channel: the embedded default, which reaches everybody."""

import shutil
import textwrap

from labtool.core.errors import Temporary
from labtool.core.log import announce
from labtool.core.messages import Address, Message, Receipt
from labtool.core.people import Person
from labtool.core.text import clean, one_line, plain

_INDENT = "    "
_WIDEST = 100


class Console:
    """Prints messages to standard output; the outbox keeps them."""

    name: str = "console"

    def address(self, person: Person | None, channel: str) -> Address | None:
        """Everybody, and every channel."""
        name = person.name if person else channel
        return Address(name, name)

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        """Print the message as one block."""
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        try:
            announce(block(one_line(address.label), plain(message.text), width))
        except OSError as error:
            what = f"cannot be written to ({error.strerror})"
            raise Temporary(what, where="standard output", code="console") from error
        return Receipt("console", message.key)

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        """None: what a killed process was printing is printed again; nobody is bothered."""
        return None


def block(label: str, text: str, width: int) -> str:
    """A message for reading: who it is for, and the text wrapped below."""
    lines = [f"To {label}:"]
    for line in clean(text).strip("\n").split("\n"):
        lines += textwrap.wrap(
            line.expandtabs(4),
            max(width, 20),
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines) + "\n\n"
