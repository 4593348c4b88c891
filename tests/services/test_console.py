"""The console."""

from datetime import date

import pytest

from labtool.core.messages import Address, Message, Recipient
from labtool.core.people import Person
from labtool.services.console import Console, block


def test_a_message_is_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    address = console.address(Person("ann", "Ann Lee"), "")
    assert address == Address("Ann Lee", "Ann Lee")
    assert console.address(None, "#lab") == Address("#lab", "#lab")
    message = Message("k", Recipient("person", "ann"), "Hi\n\nthere", date(2026, 1, 1))
    receipt = console.send(address, message, None)
    assert (receipt.place, receipt.id) == ("console", "k")
    assert capsys.readouterr().out == "To Ann Lee:\n    Hi\n\n    there\n\n"
    assert console.find(address, "k", 0) is None


def test_no_terminal_is_driven_by_a_message() -> None:
    assert block("Ann", "\x1b[2J\x07a\u202eb", 80) == "To Ann:\n    [2Jab\n\n"


def test_lines_are_wrapped() -> None:
    lines = block("Ann", "word " * 40, 40).splitlines()
    assert max(map(len, lines)) <= 40
    assert all(line.startswith("    ") for line in lines[1:] if line)
