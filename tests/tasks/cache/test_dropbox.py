"""What is particular to Dropbox: only changes are asked for, tokens run out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import Lab
from tests.servers.dropbox import KEY, REFRESH, SECRET, TOKEN, Dropbox, refusal
from tests.servers.faults import Fault


@pytest.fixture
def dropbox(lab: Lab) -> Iterator[Dropbox]:
    server = Dropbox()
    server.start()
    server.put("/Lab/a.csv", 100)
    server.put("/Lab/b.csv", 50)
    configure(lab, server)
    yield server
    server.stop()


def configure(lab: Lab, server: Dropbox, **more: Any) -> None:
    lab.secrets(TOKEN=TOKEN, REFRESH=REFRESH, SECRET=SECRET)
    source = {"kind": "dropbox", "base_url": server.url, "refresh_token": "${REFRESH}",
              "app_key": KEY, "app_secret": "${SECRET}", **more}  # fmt: skip
    lab.configure({"cache": {"box": {k: v for k, v in source.items() if v is not None}}})


def data(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lab.state / "cache" / "box.json").read_text())["data"]
    return found


def test_only_changes_are_asked_for(lab: Lab, dropbox: Dropbox) -> None:
    assert lab.run("cache").status == 0
    dropbox.put("/Lab/a.csv", 200)
    dropbox.put("/new.txt", 1)
    dropbox.remove("/Lab/b.csv")
    assert lab.run("cache", "box").status == 0
    assert len(dropbox.calls("list_folder")) == 1
    assert data(lab)["total"]["bytes"] == 201
    today = data(lab)["days"][-1]
    assert (today["added"], today["changed"], today["deleted"]) == (1, 1, 1)
    dropbox.remove("/Lab")
    assert lab.run("cache", "box").status == 0
    assert data(lab)["folders"] == []
    assert data(lab)["days"][-1]["deleted"] == 2


def test_a_cursor_that_is_not_known_any_more(lab: Lab, dropbox: Dropbox) -> None:
    assert lab.run("cache").status == 0
    dropbox.forget()
    dropbox.remove("/Lab/b.csv")
    assert lab.run("cache", "box").status == 0
    assert len(dropbox.calls("list_folder")) == 2
    assert data(lab)["total"] | {"latest": ""} == {"files": 1, "bytes": 100, "latest": ""}
    assert data(lab)["days"][-1]["deleted"] == 1


def test_a_run_that_fails_loses_no_change(lab: Lab, dropbox: Dropbox) -> None:
    assert lab.run("cache").status == 0
    dropbox.put("/new.txt", 1)
    dropbox.inject(Fault.truncated(), times=None, match="continue")
    assert lab.run("cache", "box").status == 75
    dropbox.inject(Fault.status(500), times=0)
    dropbox._faults.clear()
    assert lab.run("cache", "box").status == 0
    assert data(lab)["days"][-1]["added"] == 1


def test_a_folder_of_it(lab: Lab, dropbox: Dropbox) -> None:
    dropbox.put("/Other/c.csv", 7)
    configure(lab, dropbox, root="/Lab")
    assert lab.run("cache").status == 0
    assert data(lab)["total"]["bytes"] == 150
    configure(lab, dropbox, root="/Nothing")
    done = lab.run("cache", "box")
    assert done.status == 1
    assert "there is no such folder; check root:" in done.err


def test_tokens(lab: Lab, dropbox: Dropbox) -> None:
    configure(lab, dropbox, token="${TOKEN}", refresh_token=None, app_secret=None)
    assert lab.run("cache").status == 0
    gone = Fault.json(refusal("expired_access_token"), status=401)
    dropbox.inject(gone, times=None, match="/2/")
    done = lab.run("cache", "box")
    assert done.status == 1
    assert "the token has run out; access tokens last four hours; write refresh_token:" in done.err
    dropbox._faults.clear()
    lab.secrets(REFRESH="another")
    configure(lab, dropbox)
    lab.secrets(REFRESH="another")
    done = lab.run("cache", "box")
    assert done.status == 1
    assert "the token is wrong, or was revoked" in done.err
    assert "another" not in done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"refresh_token": None}, "needs refresh_token: or token:"),
        ({"app_key": None}, "needs app_key: beside refresh_token:"),
        ({"root": "Lab"}, "cache.box.root"),
        ({"depth": 9}, "cache.box.depth"),
    ],
)
def test_mistakes(lab: Lab, dropbox: Dropbox, more: dict[str, Any], said: str) -> None:
    configure(lab, dropbox, **more)
    done = lab.run("check")
    assert done.status == 2
    assert said in done.err
