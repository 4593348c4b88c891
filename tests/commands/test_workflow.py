"""`labtool workflow`, as real processes on SQLite."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, poll


def config(steps: list[Any], **more: Any) -> dict[str, Any]:
    return {"lab": {"admins": ["#ops"]}, "workflows": {"w": {"steps": steps, **more}}}


def running(lab: Lab, name: str) -> bool:
    """Whether a program of this name runs in a scratch folder of the lab."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            there = str((entry / "cwd").readlink()).startswith(str(lab.state))
            if there and (entry / "comm").read_text() == f"{name}\n":
                return True
    return False


def started(lab: Lab, *values: str) -> str:
    done = lab.run("workflow", "start", "w", *values)
    assert done.status == 0, done.err
    return done.out.strip()


def shown(lab: Lab, ident: str) -> dict[str, Any]:
    found: dict[str, Any] = lab.run("workflow", "show", ident, "--json").json()
    return found


def states(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["step"], one["state"]) for one in run["steps"]]


def test_steps_side_by_side_and_after_one_another(lab: Lab) -> None:
    lab.configure(config([
        {"name": "a", "run": {"command": "echo {x}; echo a >>\"$LABTOOL_SCRATCH/order\"",
                              "save": "said"}},
        [{"name": "b", "run": {"command": "echo '{\"n\": 1}'",
                               "save": "found", "as": "json"}},
         {"name": "c", "run": "test -e order"}],
        {"name": "d", "run": {"command": "printf '%s' {said}{found}", "save": "last"}},
    ], input={"required": ["x"]}))  # fmt: skip
    ident = started(lab, "x=it's $(id) & `id`\n")
    assert lab.run("workflow", "work").status == 0
    run = shown(lab, ident)
    assert run["state"] == "completed", run
    assert run["values"]["last"] == "it's $(id) & `id`\n" + '{"n":1}'
    assert sorted(states(run)) == [(name, "done") for name in "abcd"]


def test_a_temporary_failure_is_tried_again_and_a_permanent_one_is_not(lab: Lab) -> None:
    once = "test -e again || { touch again; exit 75; }"
    lab.configure(config([
        {"name": "a", "run": once, "retries": 1, "backoff": {"first": "0s"}},
        {"name": "b", "run": "no-such-program", "retries": 5},
    ]))  # fmt: skip
    ident = started(lab)
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "install what it needs" in done.err
    run = shown(lab, ident)
    assert states(run) == [("a", "temporary"), ("a", "done"), ("b", "failed")]
    assert run["state"] == "failed"
    assert "no-such-program" in run["why"]


def test_logs_are_what_the_newest_attempt_of_each_step_printed(lab: Lab) -> None:
    once = "printf 'tried \\033[31m\\n'; test -e again || { touch again; echo oops >&2; exit 75; }"
    lab.configure(config([
        {"name": "a", "run": once, "retries": 1, "backoff": {"first": "0s"}},
        {"name": "b", "run": "true"},
        {"name": "long", "run": "yes | head -c 30000; echo the end; echo hm >&2"},
        {"name": "ask", "approve": "Go?"},
    ]))  # fmt: skip
    ident = started(lab)
    early = lab.run("workflow", "logs", ident).lines
    assert early == ["No step has begun.", f"all of it: {lab.state}/logs/workflows/{ident}"]
    lab.run("workflow", "work")
    out = lab.run("workflow", "logs", ident[:-2]).out
    assert out.startswith(
        "a, attempt 2 (done):\nstdout:\ntried [31m\nb, attempt 1 (done) has printed nothing\n"
    )
    assert "oops" not in out
    assert "y\nthe end\nstderr:\nhm\nask, attempt 1 (waits) has printed nothing\n" in out
    [long] = lab.run("workflow", "logs", ident, "--step", "long", "--json").json()["steps"]
    assert (len(long["stdout"]), long["stderr"], long["attempt"]) == (10_000, "hm", 1)
    assert (Path(long["folder"]) / "stdout").stat().st_size > 30_000
    done = lab.run("workflow", "logs", ident, "--step", "z")
    assert done.status == 2
    assert f"no step z of {ident} has begun; write one of a, b, long, ask" in done.err
    assert lab.run("workflow", "logs", "nobody").status == 2


def test_it_goes_on_from_the_step_that_failed(lab: Lab) -> None:
    lab.configure(config([
        {"name": "a", "run": {"command": f"echo a >>{lab.folder}/effects; echo 1", "save": "x"}},
        {"name": "b", "run": f"test -e {lab.folder}/mended && echo {{x}} >>{lab.folder}/effects"},
    ]))  # fmt: skip
    ident = started(lab)
    assert lab.run("workflow", "work").status == 1
    (lab.folder / "mended").touch()
    assert lab.run("workflow", "retry", ident).out == f"{ident} goes on from b\n"
    assert lab.run("workflow", "work").status == 0
    assert (lab.folder / "effects").read_text() == "a\n1\n"
    lab.run("workflow", "retry", ident, "--from", "a")
    lab.run("workflow", "work")
    assert (lab.folder / "effects").read_text() == "a\n1\na\n1\n"
    assert lab.run("workflow", "retry", ident, "--from", "z").status == 2


def test_a_step_can_end_the_run_well(lab: Lab) -> None:
    lab.configure(config([
        {"name": "a", "run": {"command": "echo nothing new >&2; exit 3", "exit": [3]}},
        {"name": "b", "run": "false"},
    ]))  # fmt: skip
    ident = started(lab)
    assert lab.run("workflow", "work").status == 0
    run = shown(lab, ident)
    assert (run["state"], run["why"]) == ("completed", "a: nothing new")
    assert states(run) == [("a", "exit")]


def test_it_waits_for_a_person_without_a_worker(lab: Lab) -> None:
    lab.configure(config([
        {"name": "ask", "approve": "Deploy {what}?"},
        {"name": "do", "run": "true"},
    ], input={"required": ["what"]}))  # fmt: skip
    ident = started(lab, "what=site")
    assert "Deploy site?" in lab.run("workflow", "work").out
    assert shown(lab, ident)["state"] == "waiting"
    # Nobody is asked a second time.
    assert "Deploy" not in lab.run("workflow", "work").out
    assert lab.run("workflow", "approve", ident[:-2]).status == 0
    assert lab.run("workflow", "approve", ident).status == 2
    assert lab.run("workflow", "work").out.endswith("workflow-work: 1 went on, 1 completed\n")
    assert shown(lab, ident)["state"] == "completed"
    other = started(lab, "what=all")
    lab.run("workflow", "work")
    lab.run("workflow", "approve", other, "--refuse")
    lab.run("workflow", "work")
    run = shown(lab, other)
    assert run["state"] == "cancelled"
    assert "said no" in run["why"]
    assert states(run)[-1] == ("ask", "refused")
    # Begun again, it asks again.
    lab.run("workflow", "retry", other)
    assert "Deploy" in lab.run("workflow", "work").out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"start_to_close": "1s"}, "start_to_close"),
        ({"heartbeat": "1s"}, "heartbeat"),
        ({"schedule_to_close": "1s", "retries": 3}, "schedule_to_close"),
    ],
)
def test_what_takes_too_long_is_ended_with_all_it_started(
    lab: Lab, options: dict[str, Any], why: str
) -> None:
    line = "trap '' TERM; sleep 98765 & setsid sleep 98765 & wait"
    lab.configure(config([{"name": "a", "run": line, **options}]))
    ident = started(lab)
    assert lab.run("workflow", "work").status == 1
    run = shown(lab, ident)
    assert run["state"] == "timed_out"
    assert why in run["why"]
    assert not running(lab, "sleep")


def test_what_prints_is_alive(lab: Lab) -> None:
    line = "for i in 1 2 3 4; do echo $i; sleep 0.5; done"
    lab.configure(config([{"name": "a", "run": line, "heartbeat": "1s"}]))
    ident = started(lab)
    lab.run("workflow", "work")
    assert shown(lab, ident)["state"] == "completed"


def test_cancelled_and_terminated(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "sleep 98765"}, {"name": "b", "run": "true"}]))
    worker = lab.start("workflow", "work", "--follow")
    for options, state in (((), "cancelled"), (("--terminate",), "terminated")):
        ident = started(lab)
        poll(lambda: running(lab, "sleep"))
        assert lab.run("workflow", "cancel", ident, *options).status == 0
        poll(lambda: not running(lab, "sleep"))
        poll(lambda i=ident, s=state: shown(lab, i)["state"] == s)  # type: ignore[misc]
    waiting = started(lab)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(40) == 0
    lab.run("workflow", "cancel", waiting)
    assert shown(lab, waiting)["state"] == "cancelled"
    counts = lab.run("workflow", "history", "--json").json()["counts"]["w"]
    assert counts == {"cancelled": 2, "terminated": 1}


def test_term_hands_back_what_does_not_end(lab: Lab) -> None:
    line = "test -e second && exit 0; touch second; sleep 98765"
    lab.configure({**config([{"name": "a", "run": line}]), "engine": {"drain": "1s"}})
    ident = started(lab)
    worker = lab.start("workflow", "work", "--follow")
    poll(lambda: running(lab, "sleep"))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert not running(lab, "sleep")
    assert states(shown(lab, ident)) == [("a", "handed_back")]
    assert lab.run("workflow", "work").status == 0
    assert states(shown(lab, ident)) == [("a", "handed_back"), ("a", "done")]


def test_who_is_told_to_end_says_what_it_handed_back(lab: Lab) -> None:
    lab.configure({**config([{"name": "a", "run": "sleep 98765"}]), "engine": {"drain": "0"}})
    ident = started(lab)
    worker = lab.start("workflow", "work")
    poll(lambda: running(lab, "sleep"))
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert f"{ident} handed back: a: labtool was told to stop\n" in out
    assert out.endswith("workflow-work: 1 handed back\n")
    # What ended by itself meanwhile did: the next step is for whoever works next.
    steps = [{"name": "a", "run": "touch begun; sleep 2"}, {"name": "b", "run": "true"}]
    lab.configure(config(steps))
    lab.run("workflow", "cancel", ident)
    ident = started(lab)
    worker = lab.start("workflow", "work")
    poll((lab.state / "scratch" / ident / "begun").exists)
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert f"{ident} handed back: before b\n" in out


def test_who_stays_says_that_it_does_and_when_the_config_cannot_be_read(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    good = lab.config_file.read_text()
    worker = lab.start("workflow", "work", "--follow")
    assert worker.stderr
    line = worker.stderr.readline
    assert line() == "labtool: workflow-work: works at runs until TERM or ^C ends it\n"
    ident = started(lab)
    poll(lambda: shown(lab, ident)["state"] == "completed", timeout=20)
    lab.config_file.write_text(f"{good}nonsense: 1\n")
    said = line()
    assert said.startswith("labtool: the config as it was goes on: ")
    assert "nonsense" in said
    lab.config_file.write_text(good)
    assert line() == "labtool: the config can be read again\n"
    lab.config_file.unlink()
    assert line().endswith("labtool.yaml cannot be read (No such file or directory)\n")
    lab.config_file.write_text(good)
    assert line() == "labtool: the config can be read again\n"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert worker.stderr.read() == ""


def test_a_run_keeps_the_version_it_began_with(lab: Lab) -> None:
    def write(version: str) -> None:
        lab.configure(config([
            {"name": "ask", "approve": "Go?"},
            {"name": "do", "run": {"command": f"echo {version}", "save": "v"}},
        ], version=version))  # fmt: skip

    write("1")
    ident = started(lab)
    lab.run("workflow", "work")
    write("2")
    lab.run("workflow", "approve", ident)
    lab.run("workflow", "work")
    run = shown(lab, ident)
    assert (run["version"], run["values"]["v"]) == ("1", "1")


def test_a_workflow_starts_another_and_waits_for_it(lab: Lab) -> None:
    lab.configure({"workflows": {
        "w": {"steps": [
            {"name": "go", "start": {"workflow": "inner", "wait": True, "save": "id",
                                     "input": {"n": "{list}", "text": "a{list}"}}},
            {"name": "last", "run": "true"},
        ], "input": {"required": ["list"]}},
        "inner": {"steps": [{"name": "x", "run": {"command": "echo {n} {text}", "save": "y"}}],
                  "input": {"required": ["n", "text"]}},
    }})  # fmt: skip
    done = lab.run("workflow", "start", "w", "--input", '{"list": [1]}')
    lab.run("workflow", "work")
    run = shown(lab, done.out.strip())
    assert run["state"] == "completed", run
    inner = shown(lab, run["values"]["id"])
    assert inner["input"] == {"n": [1], "text": "a[1]"}
    assert inner["parent"] == run["id"]


def test_a_task_of_labtools_own(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "task": "status --json"}]))
    ident = started(lab)
    assert lab.run("workflow", "work").status == 0
    log = lab.state / "logs" / "workflows" / ident / "a-1" / "stdout"
    assert json.loads(log.read_text())


def test_an_option_is_none_that_somebody_says(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "task": ["status", "{x}"]}], input={"required": ["x"]}))
    ident = started(lab, "x=--version")
    lab.run("workflow", "work")
    assert "would be an option" in shown(lab, ident)["why"]


def test_what_does_not_fit_is_refused(lab: Lab) -> None:
    schema = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    lab.configure(config([{"name": "a", "run": "true"}], input=schema))
    for arguments, said in (
        ((), "'n' is a required property"),
        (("n=x",), "$.n: 'x' is not of type 'integer'"),
        (("n",), "write NAME=n"),
        (("--input", "{"), "--input is no JSON"),
        (("--input", "[]"), "is no JSON object"),
        (("--input", '{"n": 1, "scratch": "/"}'), "labtool's own name"),
    ):
        done = lab.run("workflow", "start", "w", *arguments)
        assert done.status == 2, arguments
        assert said in done.err
    assert lab.run("workflow", "start", "nobody").status == 2
    nothing = lab.run("workflow", "show", "w-nothing")
    assert nothing.status == 2
    assert "there is no run w-nothing" in nothing.err


def test_dry_runs_leave_nothing(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "echo {x}"}], input={"required": ["x"]}))
    done = lab.run("workflow", "start", "w", "x=hello", "--dry-run")
    assert "command: echo hello" in done.out
    assert lab.run("workflow", "work", "--dry-run").out == "nothing waits\n"
    assert lab.run("workflow", "list").status == 0
    assert lab.run("workflow", "check").status == 0
    assert not lab.state.exists()


def test_not_before_and_one_at_a_time(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    first = lab.run("workflow", "start", "w", "--not-before", "6d").out.strip()
    assert lab.run("workflow", "start", "w", "--not-before", "6d").out.strip() == (
        f"not started: {first} is open"
    )
    lab.run("workflow", "work")
    assert "younger than 6d" in lab.run("workflow", "start", "w", "--not-before", "6d").out
    later = lab.run("workflow", "start", "w", "--not-before", "6d", "--at", "2099-01-01")
    assert later.out.startswith("w-")


def test_a_killed_worker_leaves_no_process(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "test -e x && exit; touch x; sleep 98765"}]))
    ident = started(lab)
    worker = lab.start("workflow", "work", "--follow")
    poll(lambda: running(lab, "sleep"))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert lab.run("workflow", "work").status == 0
    assert not running(lab, "sleep")
    assert states(shown(lab, ident)) == [("a", "lost"), ("a", "done")]


def test_ended_runs_are_forgotten_with_their_files(lab: Lab) -> None:
    lab.configure({**config([{"name": "a", "run": "touch file"}]),
                   "engine": {"keep": "0", "keep_scratch": "0"}})  # fmt: skip
    ident = started(lab)
    lab.run("workflow", "work")
    assert (lab.state / "scratch" / ident / "file").exists()
    lab.run("workflow", "work")
    assert not (lab.state / "scratch" / ident).exists()
    assert lab.run("workflow", "list", "--json").json() == []


def test_secrets_are_masked_and_not_kept(lab: Lab) -> None:
    lab.secrets(LAB_WORD="open-sesame-4711")
    steps = [{"name": "a", "run": {"command": "echo $WORD; echo $WORD >&2; exit 1",
                                   "secrets": {"WORD": "${LAB_WORD}"}}}]  # fmt: skip
    lab.configure(config(steps))
    started(lab)
    lab.run("workflow", "work")
    for file in Path(lab.state).rglob("*"):
        if file.is_file():
            assert b"open-sesame-4711" not in file.read_bytes(), file


def test_one_of_an_id_is_not_begun_again_beside_another(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "test -e ok"}, {"name": "ask", "approve": "Go?"}]))
    first = lab.run("workflow", "start", "w", "--id", "one").out.strip()
    lab.run("workflow", "work")
    (lab.state / "scratch" / first / "ok").touch()
    second = lab.run("workflow", "start", "w", "--id", "one").out.strip()
    assert second != first
    done = lab.run("workflow", "retry", first)
    assert done.status == 2
    assert "another run of the id one is open" in done.err
    lab.run("workflow", "cancel", second)
    assert lab.run("workflow", "retry", first).status == 0


def test_a_job_starts_a_workflow_with_what_was_said(lab: Lab) -> None:
    jobs = {
        "description": "x",
        "jobs": {"go": {"run_args_template": "labtool workflow start w path={path}",
                        "report_stdout": True}},
        "slack": [{"command": "go [path]", "help": "x", "action": "schedule_job",
                   "job_type": "go"}],
    }  # fmt: skip
    found = config([{"name": "a", "run": "printf %s {path}"}], input={"required": ["path"]})
    lab.configure({**found, "jobs": {"x": jobs}})
    said = lab.run("jobs", "say", "--", "x", "go", "--dry-run$(id)")
    assert said.status == 0, said.err
    done = lab.run("jobs", "work")
    assert done.status == 0, done.err
    assert lab.run("workflow", "work").status == 0
    [run] = lab.run("workflow", "list", "--json").json()
    assert run["state"] == "completed"
    assert run["input"] == {"path": "--dry-run$(id)"}


def test_a_run_that_is_begun_again_asks_and_tells_again(lab: Lab) -> None:
    lab.configure(config([
        {"name": "a", "run": "true"}, {"name": "ask", "approve": "Go on?"},
        {"name": "tell", "notify": {"to": "#lab", "text": "It is {x}"}},
    ], input={"required": ["x"]}))  # fmt: skip
    ident = started(lab, "x=1")
    assert "Go on?" in lab.run("workflow", "work").out
    lab.run("workflow", "cancel", ident)
    early = lab.run("workflow", "retry", ident, "--from", "tell")
    assert early.status == 2
    assert "its step ask is not done yet" in early.err
    lab.run("workflow", "retry", ident, "--from", "ask")
    assert "Go on?" in lab.run("workflow", "work").out
    lab.run("workflow", "approve", ident)
    assert "It is 1" in lab.run("workflow", "work").out
    lab.run("workflow", "retry", ident, "--from", "tell")
    assert "It is 1" in lab.run("workflow", "work").out


def test_a_run_keeps_its_steps_and_says_so(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": {"command": "exit 4", "permanent": [4]}}]))
    ident = started(lab)
    lab.run("workflow", "work")
    assert "its steps" not in lab.run("workflow", "retry", ident).out
    lab.run("workflow", "work")
    lab.configure(config([{"name": "a", "run": "true"}]))
    assert "with the steps that it began with" in lab.run("workflow", "retry", ident).out


def test_a_name_that_the_input_has_not_is_refused(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}], input={"required": ["x"]}))
    done = lab.run("workflow", "start", "w", "x=1", "zzz=1")
    assert done.status == 2
    assert "input of w: zzz is none of its names" in done.err
    done = lab.run("workflow", "start", "w")
    assert "input of w: 'x' is a required property" in done.err


def test_a_database_whose_maker_was_killed_at_once_is_an_empty_one(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    lab.state.mkdir()
    (lab.state / "workflows.db").touch()
    assert lab.run("workflow", "list", "--json").json() == []
    assert lab.run("workflow", "history").status == 0
    started(lab)
    assert lab.run("workflow", "work").status == 0
