"""Files that arrive, and what is done with them: `copy`, `move`, `call`, and S3 on moto."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.errors import Failed
from labtool.tasks.workflow.activities._places import placed
from labtool.tasks.workflow.triggers.rules import first, read
from tests.commands.test_workflow import config, shown, started, states
from tests.lab import REPO, Lab
from tests.servers.aws import REGION, Aws


def arrivals(lab: Lab, trigger: dict[str, Any], steps: list[Any]) -> None:
    (lab.folder / "in").mkdir(exist_ok=True)
    found = config(steps, input={"required": ["path"], "properties": {"name": {}, "file": {}}})
    lab.configure({**found, "triggers": {"files": {"folder": "in", **trigger}}})


RULE = {"file_name_pattern": r".*\.csv$", "starter_name": "w", "stable": "0"}
COPY = {"name": "keep", "copy": {"from": "{path}", "to": "kept/"}}


def listed(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.run("workflow", "list", "--json").json()
    return found


def test_a_file_starts_a_run_once_for_its_content(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    (lab.folder / "in" / "a b'.csv").write_text("1")
    for _ in range(2):
        assert lab.run("workflow", "work").status == 0
    assert (lab.folder / "kept" / "a b'.csv").read_text() == "1"
    assert len(listed(lab)) == 1
    # Touched, it is what it was; with another content it is another file.
    os.utime(lab.folder / "in" / "a b'.csv")
    lab.run("workflow", "work")
    assert len(listed(lab)) == 1
    (lab.folder / "in" / "a b'.csv").write_text("22")
    lab.run("workflow", "work")
    assert [one["state"] for one in listed(lab)] == ["completed", "completed"]
    assert (lab.folder / "kept" / "a b'.csv").read_text() == "22"


def test_what_still_changes_is_not_whole(lab: Lab) -> None:
    arrivals(lab, {**RULE, "stable": "1h"}, [COPY])
    file = lab.folder / "in" / "a.csv"
    file.write_text("1")
    lab.run("workflow", "work")
    assert listed(lab) == []
    file.with_name("a.csv.done").touch()
    lab.run("workflow", "work")
    assert len(listed(lab)) == 1


def test_a_dry_run_looks_for_what_has_arrived_and_starts_nothing(lab: Lab) -> None:
    arrivals(lab, {**RULE, "stable": "1h"}, [COPY])
    file = lab.folder / "in" / "new.csv"
    file.write_text("1")
    look = ("workflow", "work", "--dry-run")
    assert lab.run(*look).out == "nothing waits\n"
    os.utime(file, (0, 0))
    for _ in range(2):
        assert lab.run(*look).out == "would start w for new.csv\n"
    assert lab.run(*look, "--json").json()["would_start"] == [{"workflow": "w", "file": "new.csv"}]
    assert not lab.state.exists()
    (lab.folder / "in" / "odd.txt.done").touch()
    (lab.folder / "in" / "odd.txt").touch()
    done = lab.run(*look)
    assert (done.status, "odd.txt: is matched by no rule" in done.err) == (1, True)
    assert not lab.state.exists()
    # What was told by a look alone is told by the run, and what has run is known.
    done = lab.run("workflow", "work")
    assert (done.status, "odd.txt: is matched by no rule" in done.err) == (1, True)
    assert "1 completed" in done.out
    assert lab.run(*look).out == "nothing waits\n"


def test_a_dry_run_says_what_would_not_fit_and_takes_no_message(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    queue = {"s3_events": "http://127.0.0.1:9/q", "file_name_pattern": ".*", "starter_name": "w"}
    found = config([COPY], input={"properties": {"path": {"pattern": "^/nowhere"}}})
    files = {"folder": "in", **RULE}
    lab.configure({**found, "triggers": {"files": files, "queue": queue}})
    (lab.folder / "in" / "a.csv").touch()
    done = lab.run("workflow", "work", "--dry-run")
    assert done.status == 1
    assert "a.csv, input of w: $.path: " in done.err
    assert done.out == (
        "not looked at: trigger queue, as that would take messages from its queue\n"
    )


def test_a_marker_stands_for_the_folder_beside_it(lab: Lab) -> None:
    arrivals(lab, {"file_name_pattern": r".*\.done$", "starter_name": "w"}, [
        {"name": "sums", "run": {"command": "cd {path} && md5sum -c MD5SUMS", "save": "said"}},
        {"name": "keep", "move": {"from": "{path}", "to": "archive/"}},
    ])  # fmt: skip
    run = lab.folder / "in" / "run 7"
    run.mkdir()
    (run / "x").write_text("")
    (run / "MD5SUMS").write_text("d41d8cd98f00b204e9800998ecf8427e  x\n")
    (run / "link").symlink_to("x")
    run.with_name("run 7.done").touch()
    done = lab.run("workflow", "work")
    assert done.status == 0, done.err
    assert not run.exists()
    kept = lab.folder / "archive" / "run 7"
    assert (kept / "x").exists()
    assert (kept / "link").is_symlink()
    assert shown(lab, listed(lab)[0]["id"])["values"]["said"] == "x: OK"


def test_what_no_rule_matches_is_told_once_and_left(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    (lab.folder / "in" / "odd\x1b.txt").write_text("1")
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "is matched by no rule" in done.err
    assert "\x1b" not in done.err
    assert lab.run("workflow", "work").status == 0
    assert (lab.folder / "in" / "odd\x1b.txt").exists()


def test_names_of_files_are_no_orders_to_a_terminal(lab: Lab) -> None:
    arrivals(lab, {**RULE, "file_name_pattern": r"(?s).*\.csv$"}, [COPY])
    (lab.folder / "in" / "a\x1b[31m\nw-0: completed.csv").write_text("1")
    (lab.folder / "in" / "odd\nw-0: completed.txt").write_text("1")
    done = lab.run("workflow", "work")
    [run] = listed(lab)
    shown_ = lab.run("workflow", "show", run["id"])
    for text in (done.out, done.err, lab.run("workflow", "list").out, shown_.out):
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line.startswith("w-0")]


def test_a_folder_that_is_away_stops_no_run(lab: Lab) -> None:
    arrivals(lab, {**RULE, "folder": "nowhere"}, [{"name": "a", "run": "true"}])
    ident = started(lab, "path=x")
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "cannot be read" in done.err
    assert shown(lab, ident)["state"] == "completed"


def test_rule_files_as_they_are_written(tmp_path: Path) -> None:
    mapping = tmp_path / "a.yaml"
    mapping.write_text(
        "Zip:\n  bucket_name_pattern: .*-final$\n  file_name_pattern: .*\\.zip\n"
        "  starter_name: Ingest\nRest:\n  bucket_name_pattern: .*\n  file_name_pattern: .*\n"
        "  starter_name: Other\n"
    )
    rules = read(mapping)
    assert first(rules, "lab-final", "x.zip") == "Ingest"
    assert first(rules, "lab-draft", "x.zip") == "Other"
    listed_ = tmp_path / "b.yaml"
    listed_.write_text("- {file_name_pattern: 'a.*', starter_name: A}\n")
    assert first(read(listed_), "any", "abc") == "A"
    assert first(read(listed_), "any", "bab") == ""
    deep, long = "[" * 5000, "- {file_name_pattern: a, starter_name: A}\n" * 30_000
    for text in (
        deep,
        long,
        "- {file_name_pattern: 2024-13-45, starter_name: A}",
        "\x00",
        "",
        "[]",
        "{a: 1}",
        "- {file_name_pattern: '(', starter_name: A}",
        "a: [",
        "!!x",
    ):
        listed_.write_text(text)
        with pytest.raises(Failed, match=r"b\.yaml"):
            read(listed_)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_is_filled_in_leads_nowhere_else(name: str) -> None:
    base = Path("/data")
    try:
        found = placed("archive/{name}", {"name": name}, base, "to")
    except Failed:
        return
    inside = os.path.realpath(found)
    assert inside == "/data/archive" or inside.startswith("/data/archive/")


def test_a_path_that_leads_out_fails_the_step(lab: Lab) -> None:
    step = {"name": "keep", "copy": {"from": "labtool.yaml", "to": "kept/{path}"}}
    lab.configure(config([step], input={"required": ["path"]}))
    ident = started(lab, "path=../../evil")
    lab.run("workflow", "work")
    assert "leads out of" in shown(lab, ident)["why"]
    assert not (lab.folder.parent / "evil").exists()


@pytest.fixture
def aws() -> Iterator[Aws]:
    found = Aws().start()
    try:
        yield found
    finally:
        found.stop()


class Answers(BaseHTTPRequestHandler):
    """Busy at first, then as asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen: list[Any] = self.server.seen  # type: ignore[attr-defined]
        seen.append((self.path, json.loads(body), self.headers["Idempotency-Key"]))
        self.send_response(503 if len(seen) == 1 else 404 if "gone" in self.path else 201)
        self.end_headers()
        self.wfile.write(b'{"id": 7}')

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        found.shutdown()
        found.server_close()


def test_a_server_is_called(lab: Lab, server: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}/runs/{{path}}"
    post = {"url": url, "method": "POST", "json": {"name": "{path}"}, "save": "answer"}
    ask = {"name": "ask", "retries": 2, "backoff": {"first": "0s"}, "call": post}
    lab.configure(config([ask], input={"required": ["path"]}))
    ident = started(lab, "path=a/..b?x=1")
    lab.run("workflow", "work")
    run = shown(lab, ident)
    assert states(run) == [("ask", "temporary"), ("ask", "done")]
    assert run["values"]["answer"] == {"id": 7}
    (path, body, key), (_, _, again) = server.seen  # type: ignore[attr-defined]
    assert (path, body) == ("/runs/a%2F..b%3Fx%3D1", {"name": "a/..b?x=1"})
    assert key == again
    gone = started(lab, "path=gone")
    lab.run("workflow", "work")
    assert "answered 404" in shown(lab, gone)["why"]
    out = started(lab, "path=..")
    lab.run("workflow", "work")
    assert "has . or .. in its path" in shown(lab, out)["why"]
    assert len(server.seen) == 3  # type: ignore[attr-defined]


def test_a_host_is_no_parameters_to_say(lab: Lab) -> None:
    ask = {"name": "ask", "call": "https://{path}/x"}
    lab.configure(config([ask], input={"required": ["path"]}))
    done = lab.run("workflow", "check")
    assert done.status == 2
    assert "names its host by a parameter" in done.err


def test_the_example_of_a_sequencing_run(lab: Lab) -> None:
    example = (REPO / "config" / "sequencing.example.yaml").read_text()
    lab.configure(example)
    run = lab.folder / "runs" / "run7"
    run.mkdir(parents=True)
    (run / "reads").write_text("ACGT\n")
    sums = hashlib.md5(b"ACGT\n", usedforsecurity=False).hexdigest()
    (run / "MD5SUMS").write_text(f"{sums}  reads\n")
    run.with_name("run7.done").touch()
    assert lab.run("check").status == 0
    done = lab.run("workflow", "work")
    assert done.status == 0, done.err
    assert "Run run7 is ready: " in done.out
    assert (lab.folder / "archive" / "run7" / "reads").read_text() == "ACGT\n"


def test_files_to_s3_and_back(lab: Lab, aws: Aws) -> None:
    way = {"endpoint": aws.url, "key_id": "${KEY}", "secret": "${KEY}"}
    lab.secrets(KEY="testing-key")
    aws.client("s3").create_bucket(
        Bucket="lab-runs", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    (lab.folder / "run 1" / "deep").mkdir(parents=True)
    (lab.folder / "run 1" / "deep" / "a").write_text("1")
    steps = [
        {"name": "up", "copy": {"from": "{path}", "to": "s3://lab-runs/in/", "s3": way}},
        {"name": "down", "move": {"from": "s3://lab-runs/in/{path}/deep/a", "to": "back/",
                                  "s3": way}},
    ]  # fmt: skip
    lab.configure(config(steps, input={"required": ["path"]}))
    ident = started(lab, "path=run 1")
    lab.run("workflow", "work")
    assert shown(lab, ident)["state"] == "completed", shown(lab, ident)
    assert (lab.folder / "back" / "a").read_text() == "1"
    assert not aws.client("s3").list_objects_v2(Bucket="lab-runs").get("Contents")


def test_a_marker_of_a_file_that_counts_by_itself_starts_nothing_more(lab: Lab) -> None:
    arrivals(lab, {"file_name_pattern": ".*", "starter_name": "w", "stable": "1h"}, [COPY])
    (lab.folder / "in" / "a.csv").write_text("1")
    (lab.folder / "in" / "a.csv.done").touch()
    lab.run("workflow", "work")
    assert [one["input"]["name"] for one in listed(lab)] == ["a.csv"]


def test_a_file_whose_input_does_not_fit_stops_no_other(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    steps = [COPY]
    schema = {"required": ["path"], "properties": {"path": {"pattern": "good"}, "name": {}}}
    lab.configure({**config(steps, input=schema), "triggers": {"files": {"folder": "in", **RULE}}})
    (lab.folder / "in" / "a.csv").write_text("1")
    (lab.folder / "in" / "good.csv").write_text("2")
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "does not match" in done.err
    assert [one["input"]["name"] for one in listed(lab)] == ["good.csv"]
    assert lab.run("workflow", "work").status == 0


def test_a_file_that_went_before_its_run_began_fails_the_run(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    (lab.folder / "in" / "a.csv").write_text("1")
    started(lab, f"path={lab.folder}/in/gone.csv")
    assert lab.run("workflow", "work").status == 1
    states_ = {one["input"]["path"].rpartition("/")[2]: one for one in listed(lab)}
    assert states_["a.csv"]["state"] == "completed"
    assert states_["gone.csv"]["state"] == "failed"
    assert "gone.csv" in states_["gone.csv"]["why"]


def test_a_marker_of_what_is_not_there_starts_nothing(lab: Lab) -> None:
    arrivals(lab, {"file_name_pattern": r".*\.done$", "starter_name": "w"}, [
        {"name": "keep", "move": {"from": "{path}", "to": "archive/"}},
    ])  # fmt: skip
    inside = lab.folder / "in"
    (inside / "ghost.done").touch()
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "ghost.done: says that a file is whole which is not there" in done.err
    assert listed(lab) == []
    assert len(lab.run("alerts", "--json").json()) == 1
    (inside / "ghost").write_text("1")
    assert lab.run("workflow", "work").status == 0
    assert (lab.folder / "archive" / "ghost").read_text() == "1"
    assert lab.run("alerts", "--json").json() == []


def test_what_a_folder_leaves_there_is_told_once(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    link = lab.folder / "in" / "x.csv"
    link.symlink_to("/etc/hostname")
    os.utime(link, (1, 1), follow_symlinks=False)
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "x.csv: is a link that leads out of the folder, and was left there" in done.err
    # As long as it is there.
    assert lab.run("workflow", "work").status == 0
    assert len(lab.run("alerts", "--json").json()) == 1
    link.unlink()
    assert lab.run("workflow", "work").status == 0
    assert lab.run("alerts", "--json").json() == []


def test_what_was_told_of_a_file_is_over_when_it_is_gone_or_starts(lab: Lab) -> None:
    arrivals(lab, RULE, [COPY])
    stray = lab.folder / "in" / "odd.txt"
    stray.write_text("1")
    assert lab.run("workflow", "work").status == 1
    assert len(lab.run("alerts", "--json").json()) == 1
    stray.unlink()
    assert lab.run("workflow", "work").status == 0
    assert lab.run("alerts", "--json").json() == []
    # Back again, it is told again.
    stray.write_text("1")
    assert lab.run("workflow", "work").status == 1


def test_an_input_that_no_file_gives_is_a_mistake(lab: Lab) -> None:
    schema = {"required": ["path", "sample"], "properties": {"name": {}, "file": {}}}
    lab.configure({**config([COPY], input=schema), "triggers": {"f": {"folder": "in", **RULE}}})
    done = lab.run("workflow", "check")
    assert done.status == 2
    assert "gives w no sample" in done.err
