"""The digest as text."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from labtool.core import text
from labtool.core.database import Database
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import TOO_LATE, Outbox
from labtool.tasks.report.digest import compose, render


def test_mentions_are_read_as_names(tmp_path: Path) -> None:
    outbox = Outbox(Database.open(tmp_path))
    words = f"Ask {text.mention('ann-lee', 'Ann Lee')}\nsoon"
    outbox.add(Message("a", Recipient("person", "bob"), words, date(2030, 1, 1)))
    outbox.settle(outbox.entry(1), "failed", "no such user")
    digest = compose([], [], [], outbox.entries(), [], None, datetime.now(UTC).timestamp())
    assert "• 1 to bob: Ask Ann Lee soon (no such user)" in render(digest, "Lab")


def test_what_was_dropped_as_too_late_is_told_once(tmp_path: Path) -> None:
    outbox = Outbox(Database.open(tmp_path))
    for key in ("wish", "by hand"):
        outbox.add(Message(key, Recipient("person", "bob"), key, date(2030, 1, 1)))
    outbox.settle(outbox.entry(1), "dropped", f"{TOO_LATE}: it was of use until 2026-11-23")
    outbox.settle(outbox.entry(2), "dropped", "dropped by hand")
    now = datetime.now(UTC)
    entries = outbox.entries()
    first = compose([], [], [], entries, [], now - timedelta(days=1), now.timestamp())
    assert not first.empty
    text = render(first, "Lab")
    assert "Not sent, as it was too late for it\n• 1 to bob: wish (too late: it was" in text
    assert "by hand" not in text
    later = now + timedelta(seconds=1)
    assert compose([], [], [], entries, [], later, later.timestamp()).empty
