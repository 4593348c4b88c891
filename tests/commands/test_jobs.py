"""`labtool jobs` as a process: said, run, ended, told; and what jobs do to whoever runs them."""

import json
import os
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, poll

PEOPLE = [
    {"name": "Ann Lee", "email": "ann@example.org", "role": "staff"},
    {"name": "Bob Fox", "email": "bob@example.org"},
]


# As no other test run on this machine has it.
SLEEP = f"sleep 60.{os.getpid()}"


class Bench:
    """A lab with one namespace of jobs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def configure(
        self, jobs: dict[str, Any], slack: list[dict[str, Any]] | None = None,
        settings: dict[str, Any] | None = None, **namespace: Any,
    ) -> None:  # fmt: skip
        """`jobs` by name: a template, or options."""
        specs = {
            name: {"run_args_template": one} if isinstance(one, str) else one
            for name, one in jobs.items()
        }
        space = {"description": "Things", "jobs": specs, "slack": slack or [], **namespace}
        self.lab.configure(
            {"people": {"list": PEOPLE}, "jobs": {"x": space}, "jobs_settings": settings or {}}
        )

    def run(self, job: str, *values: str) -> None:
        done = self.lab.run("jobs", "run", f"x_{job}", *values)
        assert done.status == 0, done

    def say(self, *words: str) -> str:
        """What is answered."""
        out: str = self.lab.run("jobs", "say", *words).out
        return out

    def work(self) -> Any:
        return self.lab.run("jobs", "work")

    def list(self) -> Any:
        return self.lab.run("jobs", "list", "--json").json()

    def rested(self) -> None:
        """As if what waits had waited long enough."""
        with closing(sqlite3.connect(self.lab.state / "labtool.db")) as database:
            database.execute("UPDATE jobs SET due = 0 WHERE state = 'waiting'")
            database.commit()

    def printed(self, number: int, name: str = "stdout", attempt: int = 1) -> bytes:
        return (self.lab.state / "logs" / "jobs" / f"{number}-{attempt}" / name).read_bytes()


@pytest.fixture
def bench(lab: Lab) -> Bench:
    return Bench(lab)


SAY = {"command": "say hello [name]", "help": "Says hello to [name]", "action": "schedule_job",
       "job_type": "hello_to"}  # fmt: skip


def test_the_first_minute(bench: Bench) -> None:
    bench.configure(
        {"hello_to": {"run_args_template": "echo Hello {name}", "report_stdout": True}}, [SAY]
    )
    say = bench.say
    assert "x help · Things" in say("help")
    assert say("x help") == "x say hello [name] · Says hello to [name]\n"
    assert "Did you mean: x say hello [name]?" in say("x sya helo Bob")
    assert "x_hello_to(name=Bob) (1) will start now" in say("  X  say   hello Bob. ")
    # A new request takes the place of the one that waits.
    assert "in place of what waited" in say("x say hello $(rm -rf ~)")
    assert "x_hello_to" in say("status")
    done = bench.work()
    # Nobody is told elsewhere, so it is printed here.
    assert (done.status, done.out) == (
        0,
        "x_hello_to (1) done; see labtool jobs logs 1\n    Hello $(rm -rf ~)\njobs-work: 1 ended\n",
    )
    [one] = bench.list()
    assert (one["state"], one["status"], one["attempts"]) == ("done", 0, 1)
    assert bench.printed(1) == b"Hello $(rm -rf ~)\n"
    assert "Hello $(rm -rf ~)" in bench.lab.run("jobs", "logs", "1").out
    assert "Hello $(rm -rf ~)" in say("logs 1")
    assert bench.work().status == 0
    assert "will start" in say("retry 1")


def test_what_fails_is_told_and_tried_again(bench: Bench) -> None:
    fails = {"run_args_template": "echo oops >&2; exit 3", "retries": 1}
    bench.configure({"fails": fails, "lost": "kill -9 $$"})
    bench.run("fails")
    assert bench.work().status == 0
    [one] = bench.list()
    assert (one["state"], one["attempts"]) == ("waiting", 1)
    # It rests a while.
    assert "ended" not in bench.work().out
    bench.rested()
    done = bench.work()
    assert done.status == 1
    assert "x_fails failed: exit status 3: oops; labtool jobs logs 1" in done.err
    [one] = bench.list()
    assert (one["state"], one["status"], one["attempts"]) == ("failed", 3, 2)
    bench.run("lost")
    assert bench.work().status == 1
    assert bench.list()[0]["status"] == -9


@pytest.mark.parametrize(
    "template",
    [
        "sleep 60",
        "trap '' TERM INT HUP; sleep 60 & sleep 60; sleep 60",
        "exec >&- 2>&-; sleep 60",
        "(setsid sleep 60 &) ; sleep 60",
        "for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait",
        "setsid bash -m -c 'sleep 60 & sleep 60 & wait' & disown; sleep 60",
        "env -i sleep 60 & sleep 60",
    ],
)
def test_a_timeout_ends_all_of_it(bench: Bench, template: str) -> None:
    line = template.replace("sleep 60", SLEEP)
    bench.configure({"hangs": {"run_args_template": line, "timeout": "1s"}})
    bench.run("hangs")
    started = time.monotonic()
    assert bench.work().status == 1
    assert time.monotonic() - started < 20
    [one] = bench.list()
    assert (one["state"], one["reason"]) == ("failed", "it took longer than 1 s")
    assert _sleeping() == 0


def _sleeping() -> int:
    found = subprocess.run(["pgrep", "-c", "-f", f"^{SLEEP}$"], capture_output=True, check=False)
    return int(found.stdout)


def test_what_a_job_leaves_behind_goes_with_it(bench: Bench) -> None:
    bench.configure({"leaves": f"nohup {SLEEP} >/dev/null 2>&1 & echo started"})
    bench.run("leaves")
    assert bench.work().status == 0
    assert bench.list()[0]["state"] == "done"
    assert _sleeping() == 0


def test_a_flood_is_bounded(bench: Bench) -> None:
    bench.configure(
        {"floods": "head -c 1000000000 /dev/zero | tr '\\0' x; echo end >&2"},
        settings={"largest_output": 100_000},
    )
    bench.run("floods")
    started = time.monotonic()
    assert bench.work().status == 0
    assert time.monotonic() - started < 45
    printed = bench.printed(1)
    assert len(printed) < 101_000
    assert printed.endswith(b"more bytes were left out]\n")
    assert bench.printed(1, "stderr") == b"end\n"


def test_secrets_are_masked_and_only_there(bench: Bench) -> None:
    bench.lab.secrets(DEPLOY="a-secret-of-the-lab")
    job = {
        "run_args_template": "echo key=$KEY; echo ${{KEY}} | rev; env; cat /proc/$$/cmdline",
        "secrets": {"KEY": "${DEPLOY}"},
        "env": {"WHERE": "staging"},
        "report_stdout": True,
    }
    bench.configure({"uses": job}, channel="#lab")
    bench.run("uses")
    assert bench.work().status == 0
    printed = bench.printed(1)
    assert b"key=***" in printed
    assert b"WHERE=staging" in printed
    assert b"DEPLOY" not in printed
    assert b"bal-eht-fo-terces-a" in printed  # it was the whole of it
    for path in bench.lab.state.rglob("*"):
        if path.is_file():
            assert b"a-secret-of-the-lab" not in path.read_bytes(), path


def test_a_job_that_removes_its_own_folder(bench: Bench) -> None:
    bench.configure({"removes": 'cd /; rm -rf "$OLDPWD"; echo gone', "next": "pwd"})
    for job in ("removes", "next"):
        bench.run(job)
        assert bench.work().status == 0
    assert [one["state"] for one in bench.list()] == ["done", "done"]
    assert bench.printed(2).decode().strip() == str(bench.lab.state / "workspaces" / "x")


def test_what_never_runs_together(bench: Bench) -> None:
    """Six jobs at four workers: of one key one at a time, the others beside them."""
    note = "echo begin {n} >>log; sleep 0.3; echo end {n} >>log".replace("{n}", "$LABTOOL_N")
    one = {"run_args_template": note, "concurrency": "site"}
    jobs = {f"j{n}": {**one, "env": {"LABTOOL_N": str(n)}} for n in range(3)}
    bench.configure({**jobs, "free": "sleep 0.1; echo free >>log"})
    for job in [*jobs, "free"]:
        bench.run(job)
    assert bench.work().status == 0
    log = (bench.lab.state / "workspaces" / "x" / "log").read_text().split("\n")
    mine = [line for line in log if line and line != "free"]
    assert [line.split()[0] for line in mine] == ["begin", "end"] * 3
    assert "free" in log[:3]


def test_two_workers_and_one_queue(bench: Bench) -> None:
    bench.configure({f"j{n}": f"echo {n} >>log; sleep 0.1" for n in range(12)})
    for n in range(12):
        bench.run(f"j{n}")
    worker = bench.lab.start("jobs", "work", "--follow")
    poll(lambda: bench.list()[-1]["state"] != "waiting", timeout=20)
    # Another one has nothing to do, and asking waits for none of them.
    for arguments in (["work"], ["work", "--follow"]):
        done = bench.lab.run("jobs", *arguments)
        assert (done.status, "running already" in done.err) == (0, True)
    log = bench.lab.state / "workspaces" / "x" / "log"
    poll(lambda: log.exists() and len(log.read_text().split()) == 12, timeout=30)
    worker.terminate()
    worker.wait(20)
    assert sorted(map(int, log.read_text().split())) == list(range(12))


def test_it_is_cancelled_where_it_is(bench: Bench) -> None:
    bench.configure({"long": SLEEP, "other": "echo x"})
    bench.run("other")
    assert "is cancelled" in bench.lab.run("jobs", "cancel", "1").out
    worker = bench.lab.start("jobs", "work", "--follow")
    bench.run("long")
    poll(lambda: bench.list()[0]["state"] == "running", timeout=20)
    assert "is told to end" in bench.lab.run("jobs", "cancel", "2", "--as", "Ann").out
    poll(lambda: bench.list()[0]["state"] == "cancelled", timeout=20)
    assert bench.list()[0]["reason"] == "by Ann Lee"
    worker.terminate()
    assert worker.wait(20) == 0
    assert bench.list()[1]["state"] == "cancelled"
    assert _sleeping() == 0


def test_who_may(bench: Bench) -> None:
    bench.configure({"hello_to": "echo {name}"}, [SAY], restricted=True, allow=["staff"])

    def said(who: str) -> str:
        return bench.say("x say hello y", "--as", who)

    assert "x is for members only, and 'A Guest' matches nobody; ask" in said("A Guest")
    assert "x is not for you; ask staff" in said("Bob")
    assert "will start" in said("Ann")
    bench.configure({"hello_to": "echo {name}"}, [SAY], allow=["staff"])
    assert "'Nobody' matches nobody; write a name of the people's list" in said("Nobody")
    assert "x is not for you; ask staff" in said("Bob")
    job = {"run_args_template": "echo {name}", "confirm": ["staff"]}
    bench.configure({"hello_to": job}, [SAY])
    assert "waits for a yes: staff can say confirm 2" in said("Bob")
    refused = bench.lab.run("jobs", "confirm", "2", "--as", "Bob")
    assert (refused.status, "can be confirmed by staff" in refused.err) == (2, True)
    assert "will start" in bench.lab.run("jobs", "confirm", "2", "--as", "Ann").out
    assert bench.work().status == 0


def test_parameters_with_a_type(bench: Bench) -> None:
    kinds = {
        "where": ["staging", "production"],
        "count": {"type": "integer", "least": 1, "most": 5},
        "who": "person",
        "url": "url",
        "tag": {"type": "regexp", "pattern": "v[0-9]+"},
    }
    job = {"run_args_template": "echo {where} {count} {who} {url} {tag}", "parameters": kinds}
    bench.configure({"typed": job})
    good = {
        "where": "STAGING",
        "count": "3",
        "who": "ann",
        "url": "https://a.example/x",
        "tag": "v2",
    }

    def say(**values: str) -> str:
        return bench.lab.run(
            "jobs", "run", "x_typed", *(f"{k}={v}" for k, v in {**good, **values}.items())
        ).err

    for name, value, why in (
        ("where", "moon", "is none of staging, production"),
        ("count", "9", "is more than 5"),
        ("count", "1e9", "is no whole number"),
        ("who", "Nobody", "matches nobody"),
        ("url", "javascript:alert(1)", "is no http:// or https:// address"),
        ("tag", "v2;x", "does not match"),
    ):
        assert why in say(**{name: value}), (name, value)
    assert say() == ""
    assert bench.work().status == 0
    assert bench.printed(1) == b"staging 3 Ann Lee https://a.example/x v2\n"


def test_a_suppression_holds(bench: Bench) -> None:
    slack = [
        SAY,
        {"command": "hold [start] to [end]", "help": "Holds", "action": "schedule_suppression",
         "job_type": "hello_to"},
        {"command": "release", "help": "No more", "action": "cancel_suppression",
         "job_type": "hello_to"},
        {"command": "stop", "help": "Stops", "action": "cancel_job", "job_type": "hello_to"},
    ]  # fmt: skip
    bench.configure({"hello_to": "echo {name}"}, slack)
    say = bench.say
    assert "does not start from" in say("x hold now to 2099-01-01")
    assert "does not run until 2099-01-01" in say("x say hello y")
    assert "ended" not in bench.work().out
    assert "does not start until 2099-01-01" in say("status")
    assert say("x release") == "x_hello_to starts again\n"
    assert bench.work().lines[-1] == "jobs-work: 1 ended"
    say("x say hello y")
    assert say("x stop") == "cancelled: 2\n"
    assert say("x stop") == "no x_hello_to runs or waits\n"
    assert "is no time" in say("x hold yesterday to now")
    assert "is not after" in say("x hold 2099-01-01 to 2098-01-01")


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ({"a_b": {"jobs": {}}}, "namespace 'a_b' has an underscore; write a-b"),
        ({"a": {"jobs": {"j": {"run_args_template": "eval {x}"}}}}, "eval in a template"),
        ({"a": {"jobs": {"j": {}}}}, "run_args_template"),
        ({"a": {"jobs": {"j": {"run_args_template": "x", "colour": 1}}}}, "jobs.a.jobs.j.colour"),
        ({"a": {"jobs": {"j": {"run_args_template": "echo {y}"}},
                "slack": [{**SAY, "job_type": "j"}]}}, "jobs.a.slack.0.command: parameter y"),
        ({"a": {"jobs": {}, "slack": [SAY]}}, "there is no job 'hello_to'"),
        ({"a": {"jobs": {"hello_to": {"run_args_template": "echo {name}"}},
                "slack": [SAY, {**SAY, "command": "say [name]"}]}}, "can be the same text"),
        ({"a": {"jobs": {"hello_to": {"run_args_template": "echo {name}"}},
                "slack": [{**SAY, "action": "run_job"}]}}, "action"),
    ],
)  # fmt: skip
def test_mistakes(lab: Lab, jobs: dict[str, Any], said: str) -> None:
    lab.configure({"jobs": jobs})
    done = lab.run("check")
    assert done.status == 2
    assert said in done.err
    assert "labtool.yaml:" in done.err


def test_a_spec_that_changes_while_jobs_wait(bench: Bench) -> None:
    bench.configure({"one": "echo {a}", "two": "echo two"})
    bench.run("one", "a=1")
    bench.run("two")
    bench.configure({"one": "echo {b}"})
    done = bench.work()
    assert done.status == 1
    assert "its template has a new parameter: b; say it again" in done.err
    assert "the config does not name it any more" in done.err
    assert [one["state"] for one in bench.list()] == ["failed", "failed"]


def test_whatever_is_killed_each_request_ends_once_or_is_reported(bench: Bench) -> None:
    """`kill -9` of workers and of jobs at random."""
    chance = random.Random(7)
    line = "echo {n} >>log; sleep 0.05; echo {n} >>ends"
    jobs = {f"j{n}": {"run_args_template": line.format(n=n), "retries": n % 2} for n in range(6)}
    bench.configure(jobs)
    asked = 0
    for _ in range(12):
        for n in chance.sample(range(6), 3):
            bench.run(f"j{n}")
            asked += 1
        worker = bench.lab.start("jobs", "work", "--follow")
        time_to_die = time.monotonic() + chance.uniform(0.2, 0.9)
        poll(lambda t=time_to_die: time.monotonic() > t)
        if chance.random() < 0.3:
            subprocess.run(["pkill", "-9", "-f", "sleep 0.05"], check=False)
        worker.kill()
        worker.wait(10)
    for _ in range(4):
        bench.work()
        bench.rested()
    found = bench.lab.run("jobs", "list", "--json", "--limit", "1000").json()
    states = {one["state"] for one in found}
    assert states <= {"done", "failed", "lost"}, states
    # What was replaced while it waited has the number of what took its place.
    assert 0 < len(found) <= asked
    done = sum(one["state"] == "done" for one in found)
    ends = (bench.lab.state / "workspaces" / "x" / "ends").read_text().split()
    assert len(ends) >= done
    started = (bench.lab.state / "workspaces" / "x" / "log").read_text().split()
    # No attempt ran twice.
    assert len(started) <= sum(one["attempts"] for one in found)


def test_what_is_said_is_data(bench: Bench) -> None:
    slack = [{**SAY, "command": "say [name]"}]
    bench.configure({"hello_to": "printf %s {name}"}, slack)
    for text in ("$(touch /tmp/labtool-ran)", "a\nb", "-rf --", "'; x", "\x1b[31mred", "🧬" * 2000):
        done = bench.lab.run("jobs", "say", f"x say {text}")
        assert "\x1b" not in done.out
        assert bench.work().status == 0
        number = bench.list()[0]["id"]
        assert bench.printed(number) == text.encode()
    assert not Path("/tmp/labtool-ran").exists()
    assert json.loads(bench.lab.run("jobs", "say", "nonsense", "--json").out)["replies"]
    assert os.environ.get("LABTOOL_JOB") is None


def test_what_cannot_be_done_is_said_to_who_asked_alone(bench: Bench) -> None:
    bench.configure({"one": "echo {a}"})
    for arguments, said in (
        (["cancel", "9"], "there is no job 9"),
        (["retry", "9"], "there is no job 9"),
        (["confirm", "9"], "there is no job 9"),
        (["run", "x_on"], "did you mean x_one?"),
        (["run", "x_one"], "write a=..."),
        (["suppress", "x_one", "yesterday", "now"], "is no time"),
        (["cancel", "x"], "is not a number"),
    ):
        done = bench.lab.run("jobs", *arguments)
        assert (done.status, said in done.err) == (2, True), done
    assert bench.lab.run("alerts", "--json").json() == []
