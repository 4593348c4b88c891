"""Workers that were away for a while, or whose run was ended and begun again meanwhile, or whose
database could not be written: no step is left out, none is done by two, and no run is stuck."""

import os
import signal
import sys
import time
from collections.abc import Callable

from labtool.core.config import load
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.runs import opened
from tests.commands.test_workflow import config, running, shown, started, states
from tests.lab import Lab, command, poll

LATER = {"retries": 9, "backoff": {"first": "3s", "most": "3s"}}


def test_a_worker_that_was_stopped_for_long_leaves_no_step_out(lab: Lab) -> None:
    count = f"echo a >>{lab.folder}/effects; test -e {lab.folder}/go"
    last = {"name": "b", "run": f"echo b >>{lab.folder}/effects"}
    lab.configure(config([{"name": "a", "run": count, **LATER}, last]))
    ident = started(lab)
    worker = lab.start("workflow", "work", "--follow")
    poll(lambda: ("a", "temporary") in states(shown(lab, ident)), timeout=20)
    (lab.folder / "go").touch()
    worker.send_signal(signal.SIGSTOP)
    time.sleep(20)  # longer than its signs of life hold
    worker.send_signal(signal.SIGCONT)
    poll(lambda: shown(lab, ident)["ended"], timeout=30)
    run = shown(lab, ident)
    assert run["state"] == "completed"
    assert [one["step"] for one in run["steps"] if one["state"] == "done"] == ["a", "b"], run
    assert (lab.folder / "effects").read_text().split() == ["a", "a", "b"]


def test_what_is_begun_again_in_a_pause_is_not_gone_on_with_beside(lab: Lab) -> None:
    line = f"echo $$ >>{lab.folder}/effects; test -e {lab.folder}/go && sleep 98765; exit 1"
    lab.configure(config([{"name": "a", "run": line, **LATER}]))
    lab.start("workflow", "work", "--follow")
    ident = started(lab)
    with opened(load(lab.config_file, SECTIONS)) as runs:
        poll(lambda: states(shown(lab, ident)) == [("a", "temporary")], timeout=20)
        (lab.folder / "go").touch()
        runs.ledger.ask_to_stop(ident, "terminated", "me")
        runs.again(runs.find(ident))
        poll(lambda: "running" in dict(states(shown(lab, ident))).values(), timeout=20)
        end = time.monotonic() + 6
        while time.monotonic() < end:
            now = [one for one in runs.attempts.of(ident) if one.state == "running"]
            assert len(now) <= 1, now
        pids = (lab.folder / "effects").read_text().split()
        assert len(pids) == 2
        os.kill(int(pids[1]), 0)


KILLED = """
import os
from labtool.core import tree
tree.end = lambda *_: os.kill(os.getpid(), 9)
from labtool.cli import main
main()
"""


def test_who_is_killed_as_it_ends_what_is_left_leaves_it_to_the_next(lab: Lab) -> None:
    line = f"echo a >>{lab.folder}/effects; test -e {lab.folder}/go || sleep 98765"
    lab.configure(config([{"name": "a", "run": line}]))
    ident = started(lab)
    first = lab.start("workflow", "work", "--follow")
    poll(lambda: running(lab, "sleep"), timeout=20)
    first.kill()
    first.wait(10)
    (lab.folder / "go").touch()
    program = (sys.executable, "-c", KILLED)
    assert lab.run("workflow", "work", program=program).status == -signal.SIGKILL
    assert lab.run("workflow", "work").status == 0
    assert states(shown(lab, ident)) == [("a", "lost"), ("a", "done")]
    assert not running(lab, "sleep")


# Its disk is full as three runs are in the middle of a step, and has room again later.
FULL = """
mkdir -p state; mount -t tmpfs -o size=4m t state
for one in 1 2 3; do "$@" workflow start w || exit; done
"$@" workflow work --follow 2>err & worker=$!
wait_for() { n=0; until "$@"; do n=$((n+1)); [ $n -lt 400 ] || exit 9; sleep 0.1; done; }
wait_for sh -c 'test "$(cat begun | wc -l)" = 3'
cat /dev/zero >state/fill 2>/dev/null
touch go
wait_for grep -q full err
rm state/fill
wait_for sh -c 'test "$(cat ended | wc -l)" = 3'
kill $worker; wait $worker; cat err >&2
"$@" workflow list
"""


def test_a_full_disk_keeps_no_run_for_ever(lab: Lab, require: Callable[[str], None]) -> None:
    require("unshare")
    wait = f"cd {lab.folder}; echo {{run}} >>begun; while ! test -e go; do sleep 0.1; done"
    last = {"name": "b", "run": f"echo {{run}} >>{lab.folder}/ended"}
    lab.configure(config([{"name": "a", "run": wait}, last]))
    program = ["unshare", "-rm", "sh", "-c", FULL, "sh", *command()]
    done = lab.run(program=program, timeout=110)
    assert done.status == 0, done.err
    assert "the disk is full; free some space" in done.err
    assert "bug" not in done.err
    assert done.out.count(" completed ") == 3, done.out


def test_a_damaged_database_says_what_to_do(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    started(lab)
    (lab.state / "workflows.db").write_bytes(b"no database" * 5000)
    for what in (["list"], ["work"], ["start", "w"]):
        done = lab.run("workflow", *what)
        assert done.status == 1
        assert "is damaged (file is not a database); move it away" in done.err


def test_runs_of_workflows_that_the_config_names_no_more(lab: Lab) -> None:
    lab.configure(config([{"name": "ask", "approve": "Go?"}, {"name": "b", "run": "echo old"}]))
    ident = started(lab)
    assert lab.run("workflow", "work").status == 0
    lab.configure({"lab": {"admins": ["#ops"]}})
    assert ident in lab.run("workflow", "list").out
    assert "waits for somebody" in lab.run("workflow", "show", ident).out
    assert lab.run("workflow", "approve", ident).status == 0
    assert lab.run("workflow", "work").status == 0
    assert shown(lab, ident)["state"] == "completed"
    assert lab.run("workflow", "history").status == 0
    assert lab.run("workflow", "retry", ident, "--from", "b").status == 0
    assert lab.run("workflow", "start", "w").status == 2


def test_a_kept_workflow_that_is_not_understood(lab: Lab) -> None:
    lab.configure(config([{"name": "ask", "approve": "Go?"}]))
    ident = started(lab)
    with opened(load(lab.config_file, SECTIONS)) as runs, runs.base.write() as connection:
        kept = '{"steps": [{"name": "ask", "gone": "Go?"}]}'
        connection.exec_driver_sql("UPDATE labtool_runs SET definition = ?", (kept,))
    assert lab.run("workflow", "work").status == 1
    why = shown(lab, ident)["why"]
    assert "(steps.0.gone: is not a key that labtool knows here)" in why
    assert "start it anew" in why


def test_a_folder_that_cannot_be_used_fails_the_step(lab: Lab) -> None:
    once = "cd ..; rm -rf {scratch}; touch {scratch}"
    lab.configure(config([{"name": "a", "run": once}, {"name": "b", "run": "true"}]))
    ident = started(lab)
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert states(shown(lab, ident)) == [("a", "done"), ("b", "failed")]
    assert "cannot be used (File exists)" in shown(lab, ident)["why"]


def test_a_list_with_a_mistaken_entry_is_not_said_to_be_empty(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true", "retries": "many"}]))
    done = lab.run("workflow", "check")
    assert "retries: 'many' is not a whole number" in done.err
    assert "is empty" not in done.err
    lab.configure(config([]))
    assert "workflows.w.steps: is empty" in lab.run("workflow", "check").err
