"""One contract for every place that keeps presentations, and what is special about each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from labtool.core.config import load
from labtool.core.errors import AccessDenied, Failed, LabtoolError, StateError, Temporary
from labtool.services.drive import Drive
from labtool.services.folder_drive import FolderDrive
from labtool.services.presentations import Presentations
from tests.lab import Lab
from tests.servers.drive import Drive as Server
from tests.servers.faults import Fault

KEY = "remind:flash:meeting:2026-11-23 'quoted\\'"


@dataclass
class Place:
    """A place under test: its template, and the names of the files that are in it."""

    presentations: Presentations
    template: str
    names: Callable[[], list[str]]


def google(lab: Lab, drive: Server, timeout: str = "5s") -> Drive:
    section = drive.config(lab.folder)["google"] | {"timeout": timeout}
    found = load(lab.configure({"google": section})).core.google
    assert found
    return Drive(found)


def google_place(lab: Lab, drive: Server) -> Place:
    template = drive.add("Template").id
    return Place(
        google(lab, drive),
        template,
        lambda: [file.name for file in drive.files.values() if file.id != template],
    )


def folder_place(lab: Lab) -> Place:
    (lab.folder / "template.odp").write_bytes(b"slides")
    folder = lab.folder / "slides"
    return Place(
        FolderDrive(folder, lab.folder),
        "template.odp",
        lambda: sorted(p.stem for p in folder.glob("[!.]*")),
    )


@pytest.fixture(params=["google", "folder"])
def place(request: pytest.FixtureRequest, lab: Lab) -> Place:
    if request.param == "google":
        return google_place(lab, request.getfixturevalue("drive"))
    return folder_place(lab)


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_a_copy_is_made_once_for_a_key(place: Place) -> None:
    assert place.presentations.find(KEY) is None
    made = place.presentations.copy(place.template, "Flash slides 23 November", KEY)
    assert made.id
    assert made.link
    assert place.presentations.find(KEY) == made
    assert place.presentations.copy(place.template, "Another name", KEY) == made
    assert place.names() == ["Flash slides 23 November"]


def test_keys_are_kept_apart(place: Place) -> None:
    keys = [KEY, "other", "k" * 500, "k" * 499]
    made = [place.presentations.copy(place.template, f"S{n}", key) for n, key in enumerate(keys)]
    assert len({file.id for file in made}) == len(keys)
    assert [place.presentations.find(key) for key in keys] == made


def test_sharing_can_be_repeated(place: Place) -> None:
    made = place.presentations.copy(place.template, "Slides", KEY)
    place.presentations.share(made.id, [])
    for _ in range(2):
        place.presentations.share(made.id, ["ann@lab.example", "bob@lab.example"])
    assert place.presentations.find(KEY) == made


def test_what_was_deleted_is_not_found_and_can_be_made_again(place: Place) -> None:
    made = place.presentations.copy(place.template, "Slides", KEY)
    place.presentations.delete(made.id)
    assert place.names() == []
    assert place.presentations.find(KEY) is None
    place.presentations.delete(made.id)
    assert place.presentations.copy(place.template, "Slides", KEY)
    assert place.names() == ["Slides"]


def test_a_template_that_is_not_there(place: Place) -> None:
    error = caught(lambda: place.presentations.copy("nowhere", "Slides", KEY))
    assert type(error) is Failed
    assert "nowhere" in error.where
    assert place.names() == []


def test_google_shares_without_a_mail(lab: Lab, drive: Server) -> None:
    place = google_place(lab, drive)
    made = place.presentations.copy(place.template, "Slides", KEY)
    place.presentations.share(made.id, ["ann@lab.example"])
    assert [
        {k: p[k] for k in ("type", "role", "emailAddress")}
        for p in drive.files[made.id].permissions
    ] == [{"type": "user", "role": "writer", "emailAddress": "ann@lab.example"}]
    [seen] = drive.calls("permissions")
    assert seen.query["sendNotificationEmail"] == "false"
    error = caught(lambda: place.presentations.share(made.id, ["no address"]))
    assert "no address" in error.where


@pytest.mark.parametrize(
    ("fault", "kind", "copies"),
    [
        (Fault.status(429, retry_after=60), Temporary, 0),
        (Fault.status(503), Temporary, 0),
        (Fault.html(status=502), Temporary, 0),
        (Fault.html(), Temporary, 0),
        (Fault.json({"error": {"code": 403, "message": "no"}}, status=403), Failed, 0),
        (Fault.json({"error": {"code": 401, "message": "no"}}, status=401), AccessDenied, 0),
        (Fault.drop(), Temporary, 0),
        (Fault.reset(), Temporary, 0),
        (Fault.hang(), Temporary, 0),
        (Fault.malformed(committed=True), None, 1),
        (Fault.truncated(), None, 1),
        (Fault.drop(committed=True), None, 1),
        (Fault.status(500, committed=True), None, 1),
        (Fault.hang(committed=True), None, 1),
    ],
    ids=lambda v: getattr(v, "name", ""),
)  # fmt: skip
def test_a_fault_of_google_makes_no_second_copy(
    lab: Lab, drive: Server, fault: Fault, kind: type[LabtoolError] | None, copies: int
) -> None:
    template = drive.add("Template").id
    place = google(lab, drive, "1s")
    drive.inject(fault, times=None, match="/copy")
    if kind:
        assert isinstance(caught(lambda: place.copy(template, "Slides", KEY)), kind)
    else:
        assert place.copy(template, "Slides", KEY) == place.find(KEY)
    assert len(drive.files) == 1 + copies
    drive.reset()


def test_a_killed_copy_is_found_by_the_next_run(lab: Lab, drive: Server) -> None:
    template = drive.add("Template").id
    made = google(lab, drive).copy(template, "Slides", KEY)
    assert google(lab, drive).find(KEY) == made


def test_names_in_a_folder_are_safe_and_never_overwrite(lab: Lab) -> None:
    place = folder_place(lab)
    (lab.folder / "slides").mkdir()
    (lab.folder / "slides" / "Notes.odp").write_text("somebody's own")
    for n, name in enumerate(("Notes", "../../etc/passwd", "a\nb:c", "...", "x" * 400)):
        made = place.presentations.copy("template.odp", name, f"key {n}")
        assert Path(made.link).parent == lab.folder / "slides"
        assert Path(made.link).read_bytes() == b"slides"
    assert (lab.folder / "slides" / "Notes.odp").read_text() == "somebody's own"
    assert (lab.folder / "slides" / "Notes 2.odp").exists()


@pytest.mark.parametrize("file", ["../template.odp", "/etc/passwd", ".labtool", "", "a/b"])
def test_nothing_outside_the_folder_is_touched(lab: Lab, file: str) -> None:
    place = folder_place(lab)
    assert "is not a file of this folder" in str(caught(lambda: place.presentations.delete(file)))
    assert (lab.folder / "template.odp").exists()


def test_a_mark_that_was_tampered_with_finds_nothing(lab: Lab) -> None:
    place = folder_place(lab)
    place.presentations.copy("template.odp", "Slides", KEY)
    [mark] = (lab.folder / "slides" / ".labtool").iterdir()
    for text in ("", "[]", json.dumps({"file": "../template.odp"}), json.dumps({"file": 3})):
        mark.write_text(text)
        assert place.presentations.find(KEY) is None


@pytest.mark.parametrize("how", ["edited", "made by hand"])
def test_what_people_made_is_neither_taken_nor_removed(lab: Lab, how: str) -> None:
    place = folder_place(lab).presentations
    made = place.copy("template.odp", "Slides", KEY)
    file = Path(made.link)
    if how == "made by hand":
        place.delete(made.id)
        assert list((lab.folder / "slides" / ".labtool").iterdir()) == []
    file.write_text("hours of work")
    assert place.find(KEY) is None
    error = caught(lambda: place.delete(made.id))
    assert (type(error), error.code) == (Failed, "not_ours")
    again = place.copy("template.odp", "Slides", KEY)
    assert again.id == "Slides 2.odp"
    place.delete(again.id)
    assert [p.name for p in file.parent.glob("[!.]*")] == ["Slides.odp"]
    assert file.read_text() == "hours of work"


def test_a_folder_that_cannot_be_made(lab: Lab) -> None:
    place = folder_place(lab)
    (lab.folder / "slides").write_text("in the way")
    error = caught(lambda: place.presentations.copy("template.odp", "Slides", KEY))
    assert isinstance(error, StateError)


def test_a_template_in_the_home_of_somebody_unknown(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no-such-user"):
        FolderDrive(tmp_path, tmp_path).copy("~no-such-user/slides.odp", "Slides", "key")
