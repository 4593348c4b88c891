"""`labtool build-page` as a process."""

import json

import pytest

from tests.lab import Lab
from tests.tasks.ptg.event import document


def event(lab: Lab, **sections: object) -> None:
    (lab.folder / "ptg.json").write_text(json.dumps(document()))
    base = {"lab": {"timezone": "America/Denver"}, "ptg": {}, "page": {}}
    lab.configure({**base, **sections})


def test_a_site(lab: Lab) -> None:
    event(lab)
    done = lab.run("build-page", "--at", "2026-11-24T10:00")
    assert done.status == 0
    assert done.out.startswith("build-page: ")
    assert done.out.endswith(" written in site\n")
    site = lab.folder / "site"
    assert "Ballroom A" in (site / "index.html").read_text()
    built = json.loads((site / "alive.json").read_text())["built"]
    assert built.startswith("2026-11-24T17:00:0")
    before = {path: path.stat().st_ino for path in site.rglob("*") if path.is_file()}
    again = lab.run("build-page", "--at", "2026-11-24T10:00", "--json").json()
    assert again["counts"]["written"] == 0
    kept = {path for path, inode in before.items() if path.stat().st_ino == inode}
    assert before.keys() - kept == {site / "alive.json"}


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    event(lab)
    done = lab.run("build-page", "--dry-run")
    assert "would write site/index.html" in done.lines
    assert not (lab.folder / "site").exists()
    assert not (lab.folder / "state").exists()
    lab.run("build-page")
    assert lab.run("build-page", "--dry-run").out == "the site is as it should be\n"


def test_a_damaged_database_leaves_the_old_site(lab: Lab) -> None:
    event(lab)
    lab.run("build-page")
    (lab.folder / "ptg.json").write_text("{broken")
    done = lab.run("build-page")
    assert done.status == 1
    assert "ptg.json: is not JSON" in done.err
    assert "Ballroom A" in (lab.folder / "site" / "index.html").read_text()


def test_without_a_database(lab: Lab) -> None:
    lab.configure("ptg: {}\n")
    assert lab.run("build-page").status == 0
    assert "The board is empty" in (lab.folder / "site" / "index.html").read_text()


def test_without_anything_to_show(lab: Lab) -> None:
    lab.configure("lab: {name: Quiet Lab}\n")
    assert lab.run("build-page").status == 0
    index = (lab.folder / "site" / "index.html").read_text()
    assert "Quiet Lab" in index
    assert "There is nothing to show yet" in index


def test_where_only_the_labs_own_pages_have_something(lab: Lab) -> None:
    reader = {"kind": "generic-log", "logs": "logs", "start": "RUN", "end": "DONE"}
    lab.configure({"instruments": {"reader": reader}, "page": {"private": "in/own"}})
    done = lab.run("build-page")
    assert done.status == 0, done.err
    assert done.out.endswith(" written in site and in/own\n")
    index = (lab.folder / "site" / "index.html").read_text()
    assert "nothing for everybody to show" in index
    assert "<code>/lab/</code>" in index
    found = lab.run("build-page", "--json").json()
    assert found["folders"] == [str(lab.folder / "site"), str(lab.folder / "in" / "own")]


def test_a_folder_of_somebody_else(lab: Lab) -> None:
    event(lab)
    (lab.folder / "site").mkdir()
    (lab.folder / "site" / "index.html").write_text("mine")
    done = lab.run("build-page")
    assert done.status == 1
    assert "files that labtool did not write: index.html" in done.err
    assert (lab.folder / "site" / "index.html").read_text() == "mine"


@pytest.mark.parametrize("output", [".", "..", "state", "site/.."])
def test_the_config_is_never_published(lab: Lab, output: str) -> None:
    event(lab, page={"output": output})
    for command in (["build-page"], ["build-page", "--dry-run"], ["serve"]):
        done = lab.run(*command)
        assert done.status == 1
        assert "would publish" in done.err
    assert not (lab.folder / "index.html").exists()
