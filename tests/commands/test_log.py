"""`labtool log show` and `labtool jobs logs`, of what is compressed."""

from typing import Any

from labtool.core.log import run_log
from labtool.core.logs import compress, packed
from tests.lab import Lab


def test_a_compressed_log_is_shown(lab: Lab) -> None:
    lab.configure({"lab": {"name": "Lab"}})
    lab.run("digest")
    before = lab.run("log", "show", "1")
    assert "digest: nothing to do" in before.out
    path = run_log(lab.state, 1)
    assert compress(path)
    assert lab.run("log", "show", "1") == before
    packed(path).write_bytes(b"rubbish")
    assert "what it printed cannot be read" in lab.run("log", "show", "1").out


def test_what_is_left_of_a_lost_database_is_not_taken_for_a_new_runs(lab: Lab) -> None:
    lab.configure({"lab": {"name": "Lab"}})
    old = packed(run_log(lab.state, 1))
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    lab.run("digest")
    assert not old.exists()


def test_what_a_job_printed_is_shown_compressed(lab: Lab) -> None:
    config: dict[str, Any] = {"jobs": {"a": {"jobs": {"b": {"run_args_template": "echo hello"}}}}}
    lab.configure(config)
    lab.run("jobs", "run", "a_b")
    lab.run("jobs", "work")
    before = lab.run("jobs", "logs", "1")
    assert "hello" in before.out
    assert compress(lab.state / "logs/jobs/1-1/stdout")
    assert lab.run("jobs", "logs", "1") == before
