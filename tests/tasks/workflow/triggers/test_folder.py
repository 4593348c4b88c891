"""Files of a folder that arrive, change and go."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labtool.core.database import Database, Marks
from labtool.core.errors import Failed
from labtool.tasks.workflow.triggers.folder import Folder
from labtool.tasks.workflow.triggers.section import Trigger


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[Marks]:
    with closing(Database.open(tmp_path / "state")) as database:
        yield Marks(database, "files")


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    found = tmp_path / "in"
    found.mkdir()
    for name in ("a", "b", "c"):
        (found / name).write_text(name)
    return found


def source(
    inside: Path,
    marks: Marks,
    stable: str = "0",
    *,
    deep: bool = False,
    odd: Callable[[str, Failed], None] = lambda _, __: None,
) -> Folder:
    given = {"folder": str(inside), "file_name_pattern": ".*", "starter_name": "w"}
    trigger = Trigger.model_validate({**given, "stable": stable, "deep": deep})
    return Folder("files", trigger, inside, marks, odd)


def names(folder: Folder) -> list[str]:
    return [one.name for one in folder.look(lambda: False)]


def test_what_goes_while_it_is_looked_at_is_no_trouble(inside: Path, marks: Marks) -> None:
    looking = source(inside, marks).look(lambda: False)
    assert next(looking).name == "a"
    (inside / "b").unlink()
    assert [one.name for one in looking] == ["c"]


def test_what_is_known_of_files_that_went_is_forgotten(inside: Path, marks: Marks) -> None:
    folder = source(inside, marks)
    assert names(folder) == ["a", "b", "c"]
    assert marks.names() == ["a", "b", "c"]
    (inside / "b").unlink()
    assert names(folder) == ["a", "c"]
    assert marks.names() == ["a", "c"]
    # Another process goes by what this one has found out.
    assert names(source(inside, marks)) == ["a", "c"]


def test_a_file_from_the_future_is_young(inside: Path, marks: Marks) -> None:
    os.utime(inside / "a", (time.time() + 7200, time.time() + 7200))
    os.utime(inside / "b", (time.time() - 3600, time.time() - 3600))
    assert names(source(inside, marks, "10m")) == ["b"]


def test_whoever_stops_stops_in_the_middle(inside: Path, marks: Marks) -> None:
    assert list(source(inside, marks).look(lambda: True)) == []
    assert names(source(inside, marks)) == ["a", "b", "c"]


def test_names_that_are_no_text_links_and_folders(inside: Path, marks: Marks) -> None:
    (inside / "link").symlink_to("/etc/passwd")
    (inside / "below").mkdir()
    (inside / "below" / "d\n'").write_text("")
    Path(os.fsdecode(os.fsencode(inside) + b"/\xff")).write_text("")
    assert names(source(inside, marks)) == ["a", "b", "c"]
    assert names(source(inside, marks, deep=True)) == ["a", "b", "below/d\n'", "c"]


@pytest.mark.timeout(20)
def test_what_is_no_file_or_leads_out_starts_nothing_and_is_told(
    inside: Path, marks: Marks
) -> None:
    os.mkfifo(inside / "pipe")
    (inside / "zero").symlink_to("/dev/zero")
    (inside / "out").symlink_to("/etc/passwd")
    (inside / "home").symlink_to(inside.parent)
    (inside / "fine").symlink_to("a")
    (inside / "bare").symlink_to("/etc/hostname")
    (inside / "gone").symlink_to("nothing")
    (inside / "below").symlink_to(".")
    os.mkfifo(inside / "pipe2")
    for name in ("pipe", "zero", "out", "home", "fine"):
        (inside / f"{name}.done").touch()
    Path(os.fsdecode(os.fsencode(inside) + b"/\xff\n")).write_text("")
    told: dict[str, str] = {}
    folder = source(inside, marks, odd=lambda ident, error: told.update({ident: str(error)}))
    for _ in range(2):
        assert names(folder) == ["a", "b", "c", "fine.done"]
    said = sorted(one.removeprefix(f"{inside}/").partition(", and was left")[0]
                  for one in told.values())  # fmt: skip
    assert said == [
        "\\xff: has a name that is no UTF-8",
        "bare: is a link that leads out of the folder",
        "gone: is a link to nothing",
        "home: is a link that leads out of the folder",
        "out: is a link that leads out of the folder",
        "pipe2: is no file and no folder",
        "pipe: is no file and no folder",
        "zero: is no file and no folder",
    ]
