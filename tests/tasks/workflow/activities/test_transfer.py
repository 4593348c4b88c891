"""`copy` and `move` of folders whose content somebody else has a say in."""

from pathlib import Path

import pytest

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities import copy
from labtool.tasks.workflow.activities import move as moving
from tests.tasks.workflow.activities.acting import act, left


def test_nothing_is_written_through_a_link_that_was_copied(tmp_path: Path) -> None:
    victim = tmp_path / "authorized_keys"
    victim.write_text("mine")
    victim.chmod(0o600)
    source = tmp_path / "in" / "run"
    source.mkdir(parents=True)
    (source / ".a.txt.part").symlink_to(victim)
    (source / "a.txt").write_text("theirs")
    for kind in (copy, moving):
        act(kind.Options.model_validate({"from": "in/run", "to": "kept/"}), tmp_path)
        assert victim.read_text() == "mine"
        assert victim.stat().st_mode & 0o777 == 0o600
        kept = tmp_path / "kept" / "run" / "a.txt"
        assert not kept.is_symlink()
        assert kept.read_text() == "theirs"


@pytest.mark.parametrize("inner", ["", "sub"])
def test_a_link_of_before_leads_no_copy_elsewhere(tmp_path: Path, inner: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    source = tmp_path / "in" / "run" / inner
    source.parent.mkdir(parents=True, exist_ok=True)
    source.symlink_to(home)
    options = copy.Options.model_validate({"from": "in/run", "to": "kept/"})
    act(options, tmp_path)
    source.unlink()
    source.mkdir()
    (source / "authorized_keys").write_text("theirs")
    with pytest.raises(Failed, match="is a link where a folder would be"):
        act(options, tmp_path)
    assert not list(home.iterdir())


def test_a_place_may_be_a_link_where_somebody_says_so(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "kept").symlink_to(tmp_path / "disk")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "kept").symlink_to(tmp_path / "disk")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("1")
    act(copy.Options.model_validate({"from": "run", "to": "deep/kept"}), tmp_path)
    assert (tmp_path / "disk" / "a").read_text() == "1"
    act(copy.Options.model_validate({"from": "run", "to": "kept/"}), tmp_path)
    assert (tmp_path / "disk" / "run" / "a").read_text() == "1"
    assert not left(tmp_path)
    assert not list(tmp_path.rglob("*.part"))
