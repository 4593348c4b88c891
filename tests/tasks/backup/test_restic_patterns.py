"""A restic set's exclude: means what a tar set's means, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from labtool.tasks.backup.shelves.patterns import for_restic, unfit
from tests.lab import Lab
from tests.tasks.backup.test_restic import Repository


@pytest.fixture
def house(lab: Lab) -> Repository:
    return Repository(lab)


PATTERNS = (
    "*.tmp", "/top", "top", "cache/", "a/b", "/a/b", "a/", "**/b", "a/**", "a/**/c", "*", "/*",
    "[!ac]*", "c?", "# no pattern", "", "x*/", "a/*/c", "\\*star",
    "/", "/cache", "b", "**/top", "a/b/", "[a-c]", "[!a]*", "[^a]?", "\\[!x]", " top", "x/**",
)  # fmt: skip
FILES = (
    "top", "x/top", "a.tmp", "x/b.tmp", "cache/f", "x/cache/f", "y/cache", "a/b/c", "x/a/b/c",
    "a/f", "cc", "ca", "*star", "xx/f", "a/q/c", "[!x]",
)  # fmt: skip


def test_patterns_leave_out_the_same_with_restic(house: Repository) -> None:
    """Below each of two paths, one of which is called as a pattern is."""
    tops = [house.lab.folder / "cache", house.lab.folder / "se[t]"]
    for top in tops:
        for name in FILES:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    for pattern in PATTERNS:
        assert not unfit(pattern)
        excluded = [f"--exclude={one}" for top in tops for one in for_restic(pattern, str(top))]
        said = house.restic("backup", "--dry-run", "-vv", *excluded, *map(str, tops))
        spec = GitIgnoreSpec.from_lines([pattern])
        for top in tops:
            kept = {name for name in FILES if f'"{top}/{name}"' in said}
            assert kept == {name for name in FILES if not spec.match_file(name)}, pattern


@given(st.text(max_size=30), st.text(min_size=1, max_size=20))
def test_any_text_is_a_pattern_below_its_path(pattern: str, name: str) -> None:
    for found in for_restic(pattern, f"/{name}"):
        assert found.startswith("/")


@pytest.mark.parametrize(
    "pattern",
    [
        "!keep",
        "[[:alpha:]]*",
        "[a",
        "a\\",
        "a\\/b",
        "./a",
        "x//a",
        "[z-a]",
        "a[!b]",
        "[+-9]",
        "a/**/",
        "**/**",
        "a\nb",
        "//a",
    ],
)
def test_what_restic_cannot_leave_out_is_told(house: Repository, pattern: str) -> None:
    house.configure(exclude=["*.tmp", pattern])
    done = house.lab.run("check")
    assert done.status == 2
    assert "is nothing that restic can do; leave it out, or use engine: tar" in done.err


@pytest.mark.parametrize("pattern", ["tmp", "tmp/", "/other", "a/b"])
def test_a_path_in_another_is_refused_where_a_pattern_is_for_one(
    house: Repository, pattern: str
) -> None:
    """A pattern would leave out what the inner path names, and restic says nothing."""
    inner = house.source / "tmp" / "keep"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    house.configure(paths=["data", "data/tmp/keep"], exclude=[pattern])
    done = house.lab.run("check")
    assert done.status == 2
    assert "make a set of its own of it, or use engine: tar" in done.err
    # A link hides that from who reads the config alone.
    (house.lab.folder / "link").symlink_to(inner)
    house.configure(paths=["data", "link"], exclude=[pattern])
    done = house.run("run")
    assert done.status == 1
    assert "is in another path of the set" in done.err
    house.configure(paths=["data", "data/tmp/keep"], exclude=["*.tmp"])
    assert house.run("run").status == 0
