"""Sheets from files, the web and Google, and the copies that serve when they do not."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labtool.core.config import Config, load
from labtool.core.errors import AccessDenied, Failed, LabtoolError, StateError, Temporary
from labtool.services.sheets import Sheets
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.google import Google
from tests.servers.web import Web

CELLS = (("name", "role"), ("Ann Lee", "student"))
CSV = "name,role\nAnn Lee,student\n"


def config(lab: Lab, sheet: dict[str, Any], *servers: Any) -> Config:
    return load(lab.configure({"sheets": {"people": sheet}}, *servers))


def reader(lab: Lab, sheet: dict[str, Any], *servers: Any, keep: bool = True) -> Sheets:
    return Sheets(config(lab, sheet, *servers), lab.state / "sheets", keep=keep)


def caught(call: Callable[[], object]) -> LabtoolError:
    with pytest.raises(LabtoolError) as found:
        call()
    return found.value


def test_a_file(lab: Lab) -> None:
    sheets = reader(lab, {"csv": lab.sheet("people", CSV)})
    grid = sheets.read("people")
    assert (grid.cells, grid.source, grid.reason) == (CELLS, "sheets/people.csv", "")
    assert sheets.read("people") is grid
    assert sheets.troubles == []
    assert ("people" in sheets, "duties" in sheets) == (True, False)


def test_cells_are_cleaned(lab: Lab) -> None:
    path = lab.sheet("people", "name\nA\u202enn\x1b[2J\ue000 Lee\n")
    assert reader(lab, {"csv": path}).read("people").cells[1] == ("Ann[2J Lee",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, r"does not exist; check the path .*/sheets/people\.csv"),
        (b"", "is empty"),
        ("name\nJosé\n".encode("latin-1"), r"line 2\); save it as CSV UTF-8"),
        (b"<html>", "is a web page"),
        (b"x" * (20 * 1024 * 1024 + 1), "larger than 20 MB"),
    ],
)
def test_a_broken_file_says_so_unless_a_copy_serves(
    lab: Lab, content: bytes | None, says: str
) -> None:
    path = lab.sheet("people", content or b"")
    if content is None:
        (lab.folder / path).unlink()
    error = caught(lambda: reader(lab, {"csv": path}).read("people"))
    assert type(error) is Failed
    assert re.search(says, str(error))
    assert str(error).startswith("sheet people (sheets/people.csv): ")
    lab.sheet("people", CSV)
    reader(lab, {"csv": path}).read("people")
    if content is None:
        (lab.folder / path).unlink()
    else:
        lab.sheet("people", content)
    sheets = reader(lab, {"csv": path})
    grid = sheets.read("people")
    assert grid.cells == CELLS
    assert re.search(r"; the copy of \d{4}-\d\d-\d\d \d\d:\d\d is used$", grid.reason)
    assert [type(trouble) for trouble in sheets.troubles] == [Failed]


def test_a_folder_is_no_file(lab: Lab) -> None:
    assert "is not a file" in str(caught(lambda: reader(lab, {"csv": "."}).read("people")))


def test_an_old_copy_does_not_serve(lab: Lab) -> None:
    sheet = {"csv": lab.sheet("people", CSV), "stale_after": "1h"}
    reader(lab, sheet).read("people")
    copy = lab.state / "sheets" / "people.json"
    kept = json.loads(copy.read_text())
    copy.write_text(json.dumps(kept | {"fetched_at": "2026-01-01T00:00:00.000Z"}))
    lab.sheet("people", "")
    error = caught(lambda: reader(lab, sheet).read("people"))
    assert re.search(r"is empty; the last good copy is \d+d .* old, more than", str(error))
    copy.write_text("not json")
    assert "copy" not in str(caught(lambda: reader(lab, sheet).read("people")))


def test_a_copy_belongs_to_its_source(lab: Lab) -> None:
    reader(lab, {"csv": lab.sheet("people", CSV)}).read("people")
    assert "does not exist" in str(caught(lambda: reader(lab, {"csv": "other"}).read("people")))


def test_a_dry_run_reads_copies_and_writes_none(lab: Lab) -> None:
    path = lab.sheet("people", CSV)
    reader(lab, {"csv": path}, keep=False).read("people")
    assert not lab.state.exists()
    reader(lab, {"csv": path}).read("people")
    lab.sheet("people", "")
    assert reader(lab, {"csv": path}, keep=False).read("people").cells == CELLS


def test_no_room_for_a_copy_is_a_trouble_and_the_sheet_is_read(lab: Lab) -> None:
    lab.state.write_text("a file where the folder should be")
    sheets = reader(lab, {"csv": lab.sheet("people", CSV)})
    assert sheets.read("people").cells == CELLS
    assert [type(trouble) for trouble in sheets.troubles] == [StateError]


def test_names_that_are_no_files_names(lab: Lab) -> None:
    path = lab.sheet("people", CSV)
    names = ("../../a", "a b", "..", "é" * 200)
    found = load(lab.configure({"sheets": {name: {"csv": path} for name in names}}))
    for name in names:
        Sheets(found, lab.state / "sheets").read(name)
    assert len(list((lab.state / "sheets").iterdir())) == len(names)
    assert not list(lab.folder.parent.glob("a*.json"))


def test_an_unknown_sheet(lab: Lab) -> None:
    error = caught(lambda: reader(lab, {"csv": "x.csv"}).read("duties"))
    assert "there is no sheet duties in the config (there are: people)" in str(error)


def test_a_published_csv(lab: Lab, web: Web) -> None:
    url = web.put("/people.csv", CSV) + "?gid=secret"
    grid = reader(lab, {"csv": url}).read("people")
    assert grid.cells == CELLS
    assert grid.source == url.removesuffix("?gid=secret")


WEB = [
    (Fault.status(429, retry_after=60), Temporary),
    (Fault.status(503), Temporary),
    (Fault.html(status=502), Temporary),
    (Fault.html(), Failed),
    (Fault.reply("Go away", status=403, content_type="text/plain"), Failed),
    (Fault.reply("", status=404), Failed),
    (Fault.reply("", status=302, headers={"Location": "file:///etc/passwd"}), Failed),
    (Fault.reply("", status=302, headers={"Location": "/people.csv"}), Failed),
    (Fault.truncated(), Temporary),
    (Fault.drop(), Temporary),
    (Fault.reset(), Temporary),
    (Fault.hang(), Temporary),
]


@pytest.mark.parametrize(("fault", "kind"), WEB, ids=lambda v: getattr(v, "name", ""))
def test_a_fault_of_the_web(lab: Lab, web: Web, fault: Fault, kind: type[LabtoolError]) -> None:
    sheet = {"csv": web.put("/people.csv", CSV), "timeout": "1.5s"}
    web.inject(fault, times=None)
    started = time.monotonic()
    error = caught(lambda: reader(lab, sheet).read("people"))
    assert type(error) is kind
    assert error.where.startswith("sheet people (http://127.0.0.1:")
    assert time.monotonic() - started < 4
    web.reset()
    web.put("/people.csv", CSV)
    reader(lab, sheet).read("people")
    web.inject(fault, times=None)
    sheets = reader(lab, sheet)
    assert sheets.read("people").cells == CELLS
    assert [type(trouble) for trouble in sheets.troubles] == [kind]


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.drop(), Fault.truncated()])
def test_one_fault_is_tried_again(lab: Lab, web: Web, fault: Fault) -> None:
    url = web.put("/people.csv", CSV)
    web.inject(fault)
    assert reader(lab, {"csv": url}).read("people").reason == ""


def test_size_and_time_are_bounded(lab: Lab, web: Web) -> None:
    url = web.put("/big.csv", "name\n", size=50 * 1024 * 1024)
    assert "larger than 20 MB" in str(caught(lambda: reader(lab, {"csv": url}).read("people")))
    url = web.put("/slow.csv", CSV * 100, drip=0.02)
    started = time.monotonic()
    error = caught(lambda: reader(lab, {"csv": url, "timeout": "1s"}).read("people"))
    assert type(error) is Temporary
    assert time.monotonic() - started < 3.5


def test_a_login_page_is_no_sheet(lab: Lab, web: Web) -> None:
    url = web.put("/people.csv", "Sign in", content_type="text/html")
    assert "is it published" in str(caught(lambda: reader(lab, {"csv": url}).read("people")))


@pytest.mark.parametrize(
    "url", ["ftp://x/y.csv", "file:///etc/passwd", "http://", "http://[", "http://127.0.0.1:99999/"]
)
def test_addresses_that_are_none(lab: Lab, url: str) -> None:
    error = caught(lambda: reader(lab, {"csv": url, "timeout": "2s"}).read("people"))
    assert type(error) is Failed


def test_a_google_sheet_by_tab_and_the_first(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(**{"Lab's people": CELLS, "Other": [["x"], [], ["", "y"]]})
    for tab in ({"tab": "Lab's people"}, {}):
        grid = reader(lab, {"google": key, **tab}, google).read("people")
        assert grid.cells == CELLS
    grid = reader(lab, {"google": key, "tab": "Other"}, google).read("people")
    assert grid.cells == (("x",), (), ("", "y"))
    assert key in grid.source


def test_google_s_refusals(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(People=CELLS, Empty=[])
    error = caught(lambda: reader(lab, {"google": key, "tab": "Nope"}, google).read("people"))
    assert "has no tab 'Nope'; write one of 'People', 'Empty'" in str(error)
    error = caught(lambda: reader(lab, {"google": key, "tab": "Empty"}, google).read("people"))
    assert "is empty" in str(error)
    error = caught(lambda: reader(lab, {"google": "nowhere"}, google).read("people"))
    assert (type(error), error.code) == (Failed, "google_404")
    assert "share it with" in error.fix
    error = caught(lambda: reader(lab, {"google": key}).read("people"))
    assert "has no section google" in str(error)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"client_email": "x@y"}'])
def test_a_key_file_that_is_none(lab: Lab, google: Google, text: str) -> None:
    (lab.folder / "key.json").write_text(text)
    section = {"google": {"credentials": {"file": "key.json"}, "sheets_url": google.sheets_url}}
    sheets = {"sheets": {"people": {"google": "x"}}}
    found = load(lab.configure({**sheets, **section}))
    error = caught(lambda: Sheets(found, None).read("people"))
    assert "service account" in str(error) or "is empty" in str(error)


DENIED = {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}
GOOGLE = [
    (Fault.status(429, retry_after=60), Temporary),
    (Fault.status(503), Temporary),
    (Fault.html(status=502), Temporary),
    (Fault.html(), Temporary),
    (Fault.json(DENIED, status=403), Failed),
    (Fault.malformed(), Temporary),
    (Fault.truncated(), Temporary),
    (Fault.drop(), Temporary),
    (Fault.reset(), Temporary),
    (Fault.hang(), Temporary),
]


@pytest.mark.parametrize(("fault", "kind"), GOOGLE, ids=lambda v: getattr(v, "name", ""))
@pytest.mark.parametrize("at", ["/values/", "token"])
def test_a_fault_of_google(
    lab: Lab, google: Google, fault: Fault, kind: type[LabtoolError], at: str
) -> None:
    key = google.spreadsheet(People=CELLS)
    sheet = {"google": key, "tab": "People"}
    account = google.config(lab.folder)["google"] | {"timeout": "1.5s"}
    lab.configure({"sheets": {"people": sheet}, "google": account})
    google.proxy.inject(fault, times=None, match=at)
    started = time.monotonic()
    sheets = Sheets(load(lab.config_file), lab.state / "sheets")
    error = caught(lambda: sheets.read("people"))
    if at == "token" and kind is Failed:
        assert isinstance(error, AccessDenied)
    else:
        assert type(error) is kind
    assert time.monotonic() - started < 8
    google.proxy.reset()
    sheets.read("people")
    google.proxy.inject(fault, times=None, match=at)
    again = Sheets(load(lab.config_file), lab.state / "sheets")
    assert again.read("people").cells == CELLS
    assert len(again.troubles) == 1


def test_one_fault_of_google_is_tried_again(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(People=CELLS)
    google.proxy.inject(Fault.html(status=502), match="/values/")
    assert reader(lab, {"google": key}, google).read("people").reason == ""


def test_files_need_no_sdk(lab: Lab, tmp_path: Path) -> None:
    import subprocess
    import sys

    config(lab, {"csv": lab.sheet("people", CSV)})
    code = (
        "import sys; from pathlib import Path; from labtool.core.config import load\n"
        "from labtool.services.sheets import Sheets\n"
        "Sheets(load(Path(sys.argv[1])), None).read('people')\n"
        "print({'requests', 'gspread', 'google.auth', 'urllib3'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, lab.config_file], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
