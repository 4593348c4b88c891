"""The digest as text."""

from datetime import UTC, date, datetime
from pathlib import Path

from labtool.core import text
from labtool.core.database import Database
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.tasks.report.digest import compose, render


def test_mentions_are_read_as_names(tmp_path: Path) -> None:
    outbox = Outbox(Database.open(tmp_path))
    words = f"Ask {text.mention('ann-lee', 'Ann Lee')}\nsoon"
    outbox.add(Message("a", Recipient("person", "bob"), words, date(2030, 1, 1)))
    outbox.settle(outbox.entry(1), "failed", "no such user")
    digest = compose([], [], [], outbox.entries(), None, datetime.now(UTC).timestamp())
    assert "• 1 to bob: Ask Ann Lee soon (no such user)" in render(digest, "Lab")
