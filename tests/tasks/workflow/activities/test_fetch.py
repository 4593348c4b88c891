"""`fetch` over HTTP: what breaks off is gone on with; what is not right is not put in place."""

import gzip
import hashlib
import io
import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from labtool.core.errors import Failed, Temporary
from labtool.tasks.workflow.activities._base import Ended
from labtool.tasks.workflow.activities.fetch import Options
from tests.commands.test_workflow import config, shown, started, states
from tests.lab import Lab, poll
from tests.servers.files import Files, serving
from tests.tasks.workflow.activities.acting import act, context, left

DATA = os.urandom(3_000_000)
SUM = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def files() -> Iterator[Files]:
    with serving(DATA) as found:
        yield found


def fetch(files: Files, path: str = "/a.bin", to: str = "in/", **more: Any) -> Options:
    return Options.model_validate({"from": files.url + path, "to": to, **more})


def tar(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        made.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_comes(tmp_path: Path, files: Files, chunked: bool) -> None:
    files.chunked = chunked
    said = act(fetch(files, "/x/{n}", sha256=SUM, save="got"), tmp_path, {"n": "a b?é"})
    assert said == {"got": str(tmp_path / "in" / "a b?é")}
    assert (tmp_path / "in" / "a b?é").read_bytes() == DATA
    assert files.seen[0]["path"] == "/x/a%20b%3F%C3%A9"
    assert left(tmp_path) == []


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("by", ["tag", "changed"])
def test_a_cut_is_gone_on_with(tmp_path: Path, files: Files, by: str, chunked: bool) -> None:
    if by == "changed":
        files.tag, files.changed = 'W/"weak"', "Mon, 01 Jan 2024 00:00:00 GMT"
    files.chunked, files.cuts = chunked, [1_000_000, 500_000]
    act(fetch(files, sha256=SUM), tmp_path)
    assert (tmp_path / "in" / "a.bin").read_bytes() == DATA
    assert len(files.seen) == 3
    assert sum(files.sent) == len(DATA)
    assert files.seen[1]["If-Range"] == (files.changed or files.tag)
    assert left(tmp_path) == []


@pytest.mark.parametrize("ranges", ["ignored", "wrong"])
def test_a_server_that_cannot_go_on_begins_anew(tmp_path: Path, files: Files, ranges: str) -> None:
    files.ranges, files.cuts = ranges, [1_000_000]
    act(fetch(files, sha256=SUM), tmp_path)
    assert (tmp_path / "in" / "a.bin").read_bytes() == DATA


def test_a_file_that_changes_between_is_not_put_together(tmp_path: Path, files: Files) -> None:
    files.cuts = [1_000_000] + [0] * 9
    with pytest.raises(Temporary):
        act(fetch(files), tmp_path)
    assert left(tmp_path)
    files.data, files.tag, files.cuts = DATA[::-1], '"two"', []
    act(fetch(files), tmp_path)
    assert (tmp_path / "in" / "a.bin").read_bytes() == DATA[::-1]
    # Shorter than what was there, it is another too.
    files.cuts, files.data = [2_000_000, 0, 0], DATA
    with pytest.raises(Temporary):
        act(fetch(files, to="out/"), tmp_path)
    files.data, files.tag, files.cuts = b"short", '"three"', []
    act(fetch(files, to="out/"), tmp_path)
    assert (tmp_path / "out" / "a.bin").read_bytes() == b"short"
    assert left(tmp_path) == []


def test_without_a_mark_nothing_is_put_together(tmp_path: Path, files: Files) -> None:
    files.tag, files.cuts = 'W/"weak"', [1_000_000]
    with pytest.raises(Temporary, match="broke off"):
        act(fetch(files), tmp_path)
    act(fetch(files), tmp_path)
    assert "Range" not in files.seen[1]
    assert (tmp_path / "in" / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, files: Files, status: int) -> None:
    files.statuses = [status]
    with pytest.raises(Temporary, match=f"answered {status}: not .*now <html>"):
        act(fetch(files), tmp_path)
    act(fetch(files), tmp_path)
    assert (tmp_path / "in" / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize("status", [204, 206, 401, 404, 410])
def test_what_will_not_be_fails(tmp_path: Path, files: Files, status: int) -> None:
    files.statuses = [status]
    with pytest.raises(Failed, match=f"answered {status}") as found:
        act(fetch(files), tmp_path)
    assert "\x1b" not in str(found.value)
    assert not list((tmp_path / "in").glob("**/*"))


def test_nobody_there_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="cannot be reached"):
        act(Options.model_validate({"from": "http://127.0.0.1:9/a", "to": "in/"}), tmp_path)


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_or_another_is_not_kept(
    tmp_path: Path, files: Files, chunked: bool
) -> None:
    files.chunked = chunked
    with pytest.raises(Failed, match="more than the 1000000 of largest:"):
        act(fetch(files, largest="1 MB"), tmp_path)
    with pytest.raises(Failed, match="SHA-256"):
        act(fetch(files, sha256="{sum}"), tmp_path, {"sum": "0" * 64})
    assert left(tmp_path) == []
    assert not list((tmp_path / "in").glob("*"))
    files.cuts = [1_000_000]
    with pytest.raises(Temporary, match="fetched anew"):
        act(fetch(files, sha256="0" * 64), tmp_path)
    assert left(tmp_path) == []


def test_it_stops_when_it_is_told_to(tmp_path: Path, files: Files) -> None:
    with pytest.raises(Ended):
        fetch(files).act(context(tmp_path, stop=lambda: "cancelled"))
    act(fetch(files, sha256=SUM), tmp_path)
    assert left(tmp_path) == []


def test_secret_headers_go_to_no_other_host(tmp_path: Path, files: Files) -> None:
    word = {"X-Key": "open-sesame", "Authorization": "Bearer open-sesame"}
    with serving() as first, serving(DATA) as third:
        first.to = "/b.bin?x=1"
        with pytest.raises(Failed, match="circle"):
            act(fetch(first, headers=word), tmp_path)
        assert all(seen["X-Key"] == "open-sesame" for seen in first.seen)
        first.seen.clear()
        # Away, and back by another name.
        first.to, files.to = files.url, f"{third.url}/c"
        act(fetch(first, headers=word), tmp_path)
        assert first.seen[0]["Authorization"] == "Bearer open-sesame"
        for seen in (*files.seen, *third.seen):
            assert "open-sesame" not in str(seen)
        assert (tmp_path / "in" / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://[x"])
def test_redirects_lead_to_the_web_alone(tmp_path: Path, files: Files, to: str) -> None:
    files.to = to
    with pytest.raises(Failed, match="redirects to what is not"):
        act(fetch(files), tmp_path)


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "%2e%2e", "", "x" * 250])
def test_a_name_leads_nowhere_else(tmp_path: Path, files: Files, name: str) -> None:
    if name == "%2e%2e":  # as it is encoded once more, it is a name
        act(fetch(files, "/x/{n}"), tmp_path, {"n": name})
        assert [one.name for one in (tmp_path / "in").iterdir()] == [name]
        return
    with pytest.raises(Failed):
        act(fetch(files, "/x/{n}"), tmp_path, {"n": name})
    assert files.seen == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"from": "https://{host}/a"}, "names its host by a parameter"),
        ({"from": "https://a{host}:80/a"}, "names its host by a parameter"),
        ({"from": "{x}://a.org/a"}, "pattern"),
        ({"from": "ftp://a.org/a"}, "pattern"),
        ({"from": "https:///a.org"}, "names no host"),
        ({"from": "s3://{bucket}/a"}, "names its host by a parameter"),
        ({"from": "s3://bucket/a/"}, "use copy:"),
        ({"to": "s3://bucket/a"}, "is in S3"),
        ({"sha256": "abc"}, "is no SHA-256"),
        ({"largest": "much"}, "is no size"),
        ({"largest": 0}, "is nothing"),
    ],
)
def test_mistakes_are_seen_when_the_file_is_loaded(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Options.model_validate({"from": "https://a.org/a", "to": "in/", **options})


def test_an_archive_becomes_a_folder(tmp_path: Path, files: Files) -> None:
    files.data, files.cuts = tar("run/a", b"1" * 10_000), [50]
    (tmp_path / "in" / "run").mkdir(parents=True)
    (tmp_path / "in" / "run" / "mine").write_text("mine")
    (tmp_path / "in" / "run" / "a").write_text("old")
    for to in ("in", "new/er/", "in/"):
        act(fetch(files, to=to, unpack=True), tmp_path)
        assert (tmp_path / to / "run" / "a").read_bytes() == b"1" * 10_000
    assert (tmp_path / "in" / "run" / "mine").read_text() == "mine"
    assert left(tmp_path) == []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run").symlink_to(tmp_path / "new")
    with pytest.raises(Failed, match="in the way"):
        act(fetch(files, to="other", unpack=True), tmp_path)
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["er"]
    assert left(tmp_path) == []


HOSTILE = {
    "out": tar("../evil", b"1"),
    "bomb": tar("bomb", b"0" * 3_000_000),
    "none": gzip.compress(b"text"),
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("there", [False, True])
def test_of_a_hostile_archive_nothing_is_left(
    tmp_path: Path, files: Files, name: str, there: bool
) -> None:
    files.data = HOSTILE[name]
    if there:
        (tmp_path / "in").mkdir()
    with pytest.raises(Failed):
        act(fetch(files, to="in", unpack=True, largest="1 MB"), tmp_path)
    assert left(tmp_path) == []
    assert list(tmp_path.rglob("evil")) == list(tmp_path.rglob("bomb")) == []
    assert (tmp_path / "in").exists() == there


@pytest.mark.parametrize("unpack", [False, True])
def test_what_was_killed_goes_on(lab: Lab, files: Files, unpack: bool) -> None:
    files.data = tar("a", DATA) if unpack else DATA
    step = {"from": f"{files.url}/a", "to": "in" if unpack else "in/", "unpack": unpack,
            "sha256": hashlib.sha256(files.data).hexdigest(), "save": "got"}  # fmt: skip
    check = {"name": "b", "run": {"command": "cat {got}/a" if unpack else "cat {got}"}}
    lab.configure(config([{"name": "a", "retries": 3, "backoff": {"first": "0s"},
                           "fetch": step}, check]))  # fmt: skip
    ident = started(lab)
    files.held = 1_500_000
    worker = lab.start("workflow", "work")
    folder = lab.state if unpack else lab.folder / "in"
    poll(lambda: sum(one.stat().st_size for one in folder.rglob(".labtool-*.part")) > 1_000_000)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    files.held = -1
    files.go.set()
    poll(lambda: lab.run("workflow", "work") and shown(lab, ident)["state"] == "completed", 60)
    assert (lab.folder / "in" / "a").read_bytes() == DATA
    assert [one for _, one in states(shown(lab, ident))] == ["lost", "done", "done"]
    assert int(files.seen[-1]["Range"][6:-1]) > 1_000_000
    assert left(lab.folder) == []


def test_two_attempts_do_not_write_at_once(tmp_path: Path, files: Files) -> None:
    from labtool.tasks.workflow.activities._part import alone

    with alone(context(tmp_path)), pytest.raises(Temporary, match="still works"):
        act(fetch(files), tmp_path)
