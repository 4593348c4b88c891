"""Runs that are to end, or to begin again, while something of them still goes on."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from labtool.core.config import load
from labtool.services.engine.records import WorkerRecord
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.runs import opened
from tests.commands.test_workflow import config, running, shown, started, states
from tests.lab import Lab, poll

ASK = {"name": "ask", "approve": "Go?"}


def workers(lab: Lab) -> list[Path]:
    return list((lab.state / "locks").glob("workflow-worker-*.lock"))


def test_what_still_ends_is_not_begun_beside_it(lab: Lab) -> None:
    line = f'echo begun >>{lab.folder}/effects; trap "" TERM; sleep 98765; sleep 98765'
    lab.configure({**config([{"name": "a", "run": line}])})
    worker = lab.start("workflow", "work", "--follow")
    ident = started(lab)
    poll(lambda: running(lab, "sleep"))
    lab.run("workflow", "cancel", ident, "--terminate")
    done = lab.run("workflow", "retry", ident)
    assert done.status == 2
    assert "a of" in done.err
    assert "still ends" in done.err
    poll(lambda: lab.run("workflow", "retry", ident).status == 0, timeout=30)
    poll(lambda: states(shown(lab, ident))[-1] == ("a", "running"))
    assert (lab.folder / "effects").read_text().count("begun") <= 2
    assert states(shown(lab, ident))[0] == ("a", "cancelled")
    worker.kill()
    worker.wait(10)
    # What a dead worker was at is no more.
    lab.run("workflow", "cancel", ident, "--terminate")
    assert lab.run("workflow", "work").status == 0
    assert not running(lab, "sleep")
    assert not workers(lab)


def test_a_run_that_is_begun_again_at_once_is_not_cancelled_again(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "sleep 98765"}]))
    lab.start("workflow", "work", "--follow")
    ident = started(lab)
    with opened(load(lab.config_file, SECTIONS)) as runs:
        for _ in range(5):
            poll(lambda: running(lab, "sleep"), timeout=20)
            runs.ledger.ask_to_stop(ident, "cancelled", "me")
            poll(lambda: runs.find(ident).state == "cancelled", timeout=20)
            poll(lambda: runs.again(runs.find(ident)))
            segment = runs.find(ident).segment
            poll(lambda: runs.find(ident).state != "queued")
            assert runs.find(ident).state == "running"
            assert runs.find(ident).segment == segment


def test_a_run_that_was_told_to_end_begins_nothing_more(lab: Lab) -> None:
    lab.configure(config([ASK, {"name": "b", "run": f"touch {lab.folder}/done"}]))
    ident, other = started(lab), started(lab)
    with opened(load(lab.config_file, SECTIONS)) as runs:
        # Told just as it begins to wait.
        assert runs.ledger.begin(ident, 1, "host/dead")
        runs.ledger.ask_to_stop(ident, "cancelled", "me")
        assert runs.ledger.wait(ident, 1, {"on": "person:ask"}, "waits")
        # Told, and its worker died.
        assert runs.ledger.begin(other, 1, "host/dead")
        runs.ledger.ask_to_stop(other, "cancelled", "me")
        runs.ledger.decide(other, "ask", "me", yes=True)
        runs.ledger.free("host/dead")
    lab.run("workflow", "work")
    lab.run("workflow", "work")
    for one in (ident, other):
        assert shown(lab, one)["state"] == "cancelled", shown(lab, one)
    assert not (lab.folder / "done").exists()


@pytest.mark.parametrize("step", [ASK, {"name": "s", "run": "sleep 98765", "retries": 9}])
def test_a_runs_timeout_ends_what_waits_and_what_runs(lab: Lab, step: dict[str, Any]) -> None:
    lab.configure(config([step, {"name": "b", "run": "true"}], timeout="3s"))
    ident = started(lab)

    def ended() -> bool:
        lab.run("workflow", "work")
        return bool(shown(lab, ident)["ended"])

    poll(ended, timeout=30)
    run = shown(lab, ident)
    assert run["state"] == "timed_out"
    assert run["why"].endswith("took longer than 3s")
    assert not running(lab, "sleep")
    # Begun again, it has as long as before.
    assert lab.run("workflow", "retry", ident).status == 0
    poll(ended, timeout=30)
    assert len(shown(lab, ident)["steps"]) > len(run["steps"])


def test_side_by_side_whoever_is_first_lets_it_go_on(lab: Lab) -> None:
    both = [{"name": "p", "approve": "P?"}, {"name": "q", "approve": "Q?"}]
    lab.configure(config([both, {"name": "z", "run": "true"}]))
    ident, other = started(lab), started(lab)
    lab.run("workflow", "work")
    assert lab.run("workflow", "approve", ident, "--step", "q", "--refuse").status == 0
    assert lab.run("workflow", "approve", other, "--step", "q").status == 0
    lab.run("workflow", "work")
    assert shown(lab, ident)["state"] == "cancelled"
    assert "said no" in shown(lab, ident)["why"]
    assert shown(lab, other)["state"] == "waiting"
    lab.run("workflow", "approve", other)
    lab.run("workflow", "work")
    assert shown(lab, other)["state"] == "completed"


def test_who_begins_again_asks_and_tells_again(lab: Lab) -> None:
    told = {"name": "tell", "notify": {"to": "a@example.org", "text": "Here it is"}}
    lab.configure(config([ASK, told, {"name": "b", "run": "test -e ok"}]))
    ident = started(lab)
    for _ in range(2):
        assert "Go?" in lab.run("workflow", "work").out
        lab.run("workflow", "approve", ident)
        assert "Here it is" in lab.run("workflow", "work").out
        lab.run("workflow", "retry", ident, "--from", "ask")


def test_a_worker_whose_lock_is_gone_is_not_taken_for_dead_at_once(lab: Lab) -> None:
    line = (
        f"echo {{run}} >>{lab.folder}/effects; while ! test -e {lab.folder}/go; do sleep 0.1; done"
    )
    lab.configure({**config([{"name": "a", "run": line}]), "engine": {"workers": 1}})
    effects = lab.folder / "effects"
    followers = [lab.start("workflow", "work", "--follow")]
    first, second = started(lab), started(lab)
    poll(effects.exists)
    for lock in workers(lab):
        lock.unlink()
    # It takes the other run once it has looked at what dead ones have left.
    followers.append(lab.start("workflow", "work", "--follow"))
    poll(lambda: effects.read_text().count("\n") == 2, timeout=30)
    assert states(shown(lab, first)) == states(shown(lab, second)) == [("a", "running")]
    (lab.folder / "go").touch()
    poll(lambda: shown(lab, first)["state"] == shown(lab, second)["state"] == "completed")
    assert sorted(effects.read_text().split()) == sorted([first, second])
    for one in followers:
        one.send_signal(signal.SIGTERM)
        assert one.wait(40) == 0


def test_one_pass_stays_for_nothing_that_others_work_at(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    ident = started(lab)
    with opened(load(lab.config_file, SECTIONS)) as runs:
        assert runs.ledger.begin(ident, 1, "elsewhere/alive")
        runs.queue.beat(WorkerRecord("elsewhere/alive", "elsewhere", 1, 0.0, 0.0, False))
        assert lab.run("workflow", "work", timeout=20).status == 0
        run = runs.find(ident)
        # Nor does it take that away, though the engine has forgotten it.
        assert (run.state, run.worker) == ("running", "elsewhere/alive")


def test_names_and_schemas_that_cannot_be(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": {"command": "echo 1", "save": "scratch"}}]))
    done = lab.run("workflow", "check")
    assert done.status == 2
    assert "scratch is labtool's own name" in done.err
    for schema, said in (({"$ref": "#/nope"}, "refers to /nope"),
                         ({"properties": {"x": {"$ref": "http://127.0.0.1:9/x"}}}, "127.0.0.1:9"),
                         ({"$ref": "#"}, "refers to itself")):  # fmt: skip
        lab.configure(config([{"name": "a", "run": "true"}], input=schema))
        done = lab.run("workflow", "start", "w", "x=1")
        assert done.status == 2
        assert said in done.err
    lab.configure(config([{"name": "a", "run": "true"}]))
    odd = os.fsdecode(b"i\xff")
    done = lab.run("workflow", "start", "w", "--id", odd)
    assert (done.status, "no UTF-8" in done.err) == (2, True)
