"""A listing that is kept: whatever changes, it is what a fresh one would be."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.cache.sources._listing import Listing, total

TODAY = date(2026, 11, 25)


@dataclass(frozen=True)
class Change:
    path: str
    size: int | None = None
    modified: datetime | None = None
    gone: bool = False

    @property
    def shown(self) -> str:
        return self.path.upper()


def file(path: str, size: int = 1, day: int = 1) -> Change:
    return Change(path, size, datetime(2026, 11, day, tzinfo=UTC))


NAMES = st.sampled_from(["/a", "/a/x", "/a/y", "/b", "/b/c/z", "/ab"])
CHANGES = st.lists(
    st.one_of(
        st.builds(file, NAMES, st.integers(0, 9)), st.builds(Change, NAMES, gone=st.just(True))
    ),
    max_size=12,
)


@given(CHANGES, CHANGES)
def test_changes_and_a_fresh_look_agree(before: list[Change], after: list[Change]) -> None:
    followed, fresh = Listing(""), Listing("")
    followed.replace(before, TODAY)
    followed.cursor = "1"
    assert followed.days == {}
    followed.apply(after, TODAY)
    fresh.replace([*before, *after], TODAY)
    assert followed.files == fresh.files
    looked = Listing("", "1", dict(followed.files))
    looked.replace([*before, *after], TODAY)
    assert looked.days == {}


def test_folders_by_depth() -> None:
    listing = Listing("")
    listing.replace([file("/a/b/c/1", 1), file("/a/2", 2, 3), file("/3", 4)], TODAY)
    shown = [(f["path"], f["bytes"], f["files"]) for f in listing.folders(2)]
    assert shown == [("/A", 3, 2), ("/A/B", 1, 1)]
    assert listing.folders(1)[0]["latest"] == "2026-11-03T00:00:00+00:00"
    assert total(listing.files)["bytes"] == 7
    inside = Listing("/A")
    inside.replace([file("/a/b/c/1", 1), file("/a/2", 2)], TODAY)
    assert [f["path"] for f in inside.folders(1)] == ["/A/B"]


def test_what_is_counted_a_day() -> None:
    listing = Listing("", "1")
    listing.apply([file("/a/1"), file("/a/2"), file("/b")], TODAY - timedelta(days=1))
    listing.apply([file("/a/1", 5), file("/a/2"), Change("/a", gone=True)], TODAY)
    yesterday, today = listing.recent(TODAY, 2)
    assert yesterday == {"day": "2026-11-24", "added": 3, "changed": 0, "deleted": 0}
    assert today == {"day": "2026-11-25", "added": 0, "changed": 1, "deleted": 2}
    assert list(listing.files) == ["/b"]


def test_it_is_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.files.gz"
    listing = Listing("/a", "cursor")
    listing.apply([file("/a/ü")], TODAY)
    listing.store(path)
    assert Listing.load(path, "/a") == listing
    assert Listing.load(path, "/b") == Listing("/b")
    path.write_bytes(path.read_bytes()[:20])
    assert Listing.load(path, "/a") == Listing("/a")
