"""`labtool jobs work` when something goes wrong around it: each job ends once, its type goes on."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.commands.test_jobs import SAY, Bench
from tests.lab import Lab, poll


@pytest.fixture
def bench(lab: Lab) -> Bench:
    return Bench(lab)


def sql(bench: Bench, statement: str) -> None:
    with closing(sqlite3.connect(bench.lab.state / "labtool.db", timeout=30)) as database:
        database.execute(statement)
        database.commit()


def ran(bench: Bench, name: str = "log") -> list[str]:
    path = bench.lab.state / "workspaces" / "x" / name
    return path.read_text().split() if path.exists() else []


def state(bench: Bench, number: int) -> str:
    found: str = next(one["state"] for one in bench.list() if one["id"] == number)
    return found


@pytest.mark.parametrize("table", ["outbox", "jobs"])
def test_a_state_that_cannot_be_written_for_a_while(bench: Bench, table: str) -> None:
    """Neither the job nor its worker is lost, and the type runs again afterwards."""
    jobs = {"slow": "echo go >>log; sleep 1.5", "next": "echo next >>log"}
    bench.configure(jobs, channel="#lab")
    bench.run("slow")
    worker = bench.lab.start("jobs", "work", "--follow")
    poll(lambda: ran(bench) == ["go"], timeout=20)
    sql(bench, f"ALTER TABLE {table} RENAME TO away")
    over = time.monotonic() + 3
    poll(lambda: time.monotonic() > over)
    assert worker.poll() is None
    sql(bench, f"ALTER TABLE away RENAME TO {table}")
    poll(lambda: state(bench, 1) == "done", timeout=20)
    for job in ("next", "slow"):
        bench.run(job)
    poll(lambda: state(bench, 3) == "done", timeout=20)
    assert ran(bench) == ["go", "next", "go"]
    assert bench.list()[-1]["attempts"] == 1
    worker.terminate()
    worker.wait(20)


def test_what_was_cancelled_while_its_worker_was_dead_does_not_run_again(bench: Bench) -> None:
    bench.configure({"long": {"run_args_template": "echo go >>log; sleep 64", "retries": 3}})
    worker = bench.lab.start("jobs", "work", "--follow")
    bench.run("long")
    poll(lambda: ran(bench) == ["go"], timeout=20)
    worker.kill()
    worker.wait(10)
    assert bench.lab.run("jobs", "cancel", "1", "--as", "Ann").status == 0
    assert bench.work().status == 0
    [one] = bench.list()
    assert (one["state"], one["reason"]) == ("cancelled", "by Ann Lee")
    assert ran(bench) == ["go"]


@pytest.mark.parametrize(
    ("template", "state"),
    [("env -i setsid -f sleep 61.{n}; echo hi", "done"),
     ("env -i setsid -f sh -c 'trap \"\" TERM; cd /; sleep 61.{n} & wait'; sleep 61.{n}",
      "failed")],
)  # fmt: skip
def test_a_daemon_that_leaves_all_behind_goes_with_its_job(
    bench: Bench, template: str, state: str
) -> None:
    number = str(time.time_ns())
    line = template.replace("{n}", number)
    bench.configure({"leaves": {"run_args_template": line, "timeout": "1s"}})
    bench.run("leaves")
    bench.work()
    assert bench.list()[0]["state"] == state
    found = subprocess.run(["pgrep", "-f", f"sleep 61.{number}"], capture_output=True, check=False)
    assert found.stdout == b""


CLOSES = (
    "import subprocess, sys; sys.exit(subprocess.call(['bash', *sys.argv[1:]], close_fds=True))"
)


def test_the_shell_gets_its_parameters_or_nothing_runs(bench: Bench) -> None:
    bench.configure(
        {"p": "echo removing /data/{a}; cat"}, settings={"shell": [sys.executable, "-c", CLOSES]}
    )
    bench.run("p", "a=old")
    assert bench.work().status == 0
    assert bench.printed(1) == b"removing /data/old\n"
    bench.configure({"p": "echo removing /data/{a}"}, settings={"shell": "sh"})
    bench.run("p", "a=old")
    assert bench.work().status == 1
    assert bench.printed(2) == b""
    assert b"is it bash?" in bench.printed(2, "stderr")
    assert bench.list()[0]["status"] == 125


def test_what_a_run_printed_stays_when_a_new_request_takes_its_place(bench: Bench) -> None:
    bench.configure({"p": {"run_args_template": "echo {a}; exit 1", "retries": 2}})
    bench.run("p", "a=first")
    bench.work()
    bench.run("p", "a=second")
    bench.work()
    assert (bench.printed(1), bench.printed(2)) == (b"first\n", b"second\n")
    assert [one["state"] for one in bench.list()] == ["waiting", "replaced"]
    assert bench.list()[1]["reason"].startswith("by a new request")


def test_a_failure_says_its_exit_status_and_what_it_complained_of_last(bench: Bench) -> None:
    line = "{ echo first; printf '\\033[31m'; echo \"key $K no\" {a}; echo; } >&2; exit 3"
    bench.lab.secrets(KEY="open-sesame-4711")
    job = {"run_args_template": line, "secrets": {"K": "${KEY}"}}
    bench.configure({"bad": job, "again": {"run_args_template": "exit 4", "retries": 2}})
    for value in ("salt", "pepper"):
        bench.run("bad", f"a={value}")
        done = bench.work()
        number, said = bench.list()[0]["id"], f"exit status 3: [31mkey *** no {value}"
        assert f"x_bad(a={value}) failed: {said}; labtool jobs logs {number}\n" in done.err
        assert bench.list()[0]["reason"] == said
    assert "; labtool jobs logs 2" in bench.lab.run("status").out
    # What it printed makes it no other error.
    bench.run("bad", "a=salt")
    bench.lab.configure(bench.lab.config_file.read_text().replace("key $K", "other"))
    bench.work()
    assert len(bench.lab.run("alerts", "--json").json()) == 2
    bench.run("again")
    bench.work()
    assert bench.lab.run("jobs", "status", "--json").json()["jobs"][0]["why"] == (
        "tried 1 time (exit status 4); next try at"
    )
    sql(bench, "UPDATE jobs SET reason = '' WHERE state = 'waiting'")
    bench.run("again")
    assert bench.list()[1]["reason"] == "by a new request"


def test_only_its_own_folders_are_tidied(bench: Bench) -> None:
    bench.configure({"p": "echo x"}, settings={"keep": "1s", "logs": "lg"})
    bench.run("p")
    bench.work()
    thesis = bench.lab.folder / "lg" / "1-the-lab-thesis"
    thesis.mkdir()
    own = bench.lab.folder / "lg" / "1-1"
    assert own.exists()
    sql(bench, "UPDATE jobs SET ended = 0")
    bench.work()
    assert thesis.exists()
    assert not own.exists()


def test_a_worker_that_stays_goes_by_the_spec_as_it_is(bench: Bench) -> None:
    bench.configure({"one": "echo old >>log"})
    worker = bench.lab.start("jobs", "work", "--follow")
    bench.run("one")
    poll(lambda: ran(bench) == ["old"], timeout=20)
    bench.configure({"one": "echo new >>log", "two": "echo two >>log"})
    for job in ("one", "two"):
        bench.run(job)
    poll(lambda: sorted(ran(bench)) == ["new", "old", "two"], timeout=20)
    # One with a mistake is told, and the one before holds.
    file = bench.lab.config_file
    before = file.read_text()
    file.write_text(before + "nonsense: 1\n")
    over = time.monotonic() + 0.5
    poll(lambda: time.monotonic() > over)
    file.write_text(before)
    bench.run("two")
    poll(lambda: ran(bench).count("two") == 2, timeout=20)
    worker.terminate()
    assert worker.wait(20) == 0
    assert worker.stderr
    assert "the config as it was goes on" in worker.stderr.read()


@pytest.mark.parametrize(
    ("change", "why"),
    [({"parameters": {"a": ["staging"]}}, "a “evil” is none of staging; say it again"),
     ({"confirm": ["staff"]}, "it needs a yes now; say it again")],
)  # fmt: skip
def test_what_waits_is_held_against_the_spec_as_it_is(
    bench: Bench, change: dict[str, Any], why: str
) -> None:
    bench.configure({"p": "echo {a} >>log"})
    bench.run("p", "a=evil")
    bench.configure({"p": {"run_args_template": "echo {a} >>log", **change}})
    assert bench.work().status == 1
    assert bench.list()[0]["reason"] == why
    assert ran(bench) == []


def test_what_somebody_has_confirmed_runs(bench: Bench) -> None:
    bench.configure(
        {"hello_to": {"run_args_template": "echo {name} >>log", "confirm": True}}, [SAY]
    )
    bench.say("x say hello y")
    bench.work()
    assert ran(bench) == []
    assert bench.lab.run("jobs", "confirm", "1").status == 0
    assert bench.work().status == 0
    assert ran(bench) == ["y"]


def test_two_workers_that_take_from_one_queue_at_once(bench: Bench) -> None:
    """As on several machines: each job runs once, and of a key one at a time."""
    program = (
        "import sys, time; from pathlib import Path; from labtool.core.database import Database;"
        "from labtool.tasks.jobs.queue import Queue\n"
        "database = Database.open(Path(sys.argv[1])); queue = Queue(database, time.time)\n"
        "end = time.monotonic() + 20\n"
        "while time.monotonic() < end:\n"
        "    entry = queue.take(sys.argv[2])\n"
        "    if entry is None:\n"
        "        if not queue.entries(('waiting', 'running'), 1): break\n"
        "        time.sleep(0.001); continue\n"
        "    print('begin', entry.key, entry.id, time.monotonic_ns(), flush=True)\n"
        "    time.sleep(0.002)\n"
        "    print('end', entry.key, entry.id, time.monotonic_ns(), flush=True)\n"
        "    with database.write(): assert queue.finish(entry, 'done', 0, '')\n"
    )
    bench.configure(
        {f"j{n}": {"run_args_template": "x", "concurrency": f"k{n % 3}"} for n in range(4)}
    )
    bench.run("j0")
    with closing(sqlite3.connect(bench.lab.state / "labtool.db")) as database:
        database.executemany(
            "INSERT INTO jobs (key, arguments, asker, created, due, type, state)"
            " VALUES (?, '{}', '{\"name\": \"x\"}', 0, 0, ?, 'waiting')",
            [(f"k{n % 5}", f"x_t{n}") for n in range(120)],
        )
        database.commit()
    call: Callable[[int], subprocess.Popen[str]] = lambda n: subprocess.Popen(  # noqa: E731
        [sys.executable, "-c", program, str(bench.lab.state), f"m{n}/1"],
        stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    outputs = [process.communicate(timeout=40)[0] for process in [call(n) for n in range(3)]]
    lines = sorted(
        (line.split() for out in outputs for line in out.splitlines()), key=lambda one: int(one[3])
    )
    assert sorted(int(one[2]) for one in lines if one[0] == "end") == list(range(1, 122))
    assert all(outputs), "one of them had nothing to do"
    for key in {one[1] for one in lines}:
        mine = [one for one in lines if one[1] == key]
        assert [one[0] for one in mine] == ["begin", "end"] * (len(mine) // 2)
        assert all(mine[n][2] == mine[n + 1][2] for n in range(0, len(mine), 2))


def test_who_approves_sees_all_of_it(bench: Bench) -> None:
    job = {"run_args_template": "echo {name}", "confirm": ["staff"]}
    bench.configure({"hello_to": job}, [SAY])
    said = bench.say(f"x say hello staging {'x' * 200};   and\u202e production\ntoo")
    assert f'name = "staging {"x" * 200};   and\\u{{202e}} production\\ntoo"' in said
    # What cannot be shown whole is not asked for.
    said = bench.say(f"x say hello {'y' * 4000}")
    assert "it needs a yes: 3000 can be shown" in said
    assert len(bench.list()) == 1


def test_a_suppression_for_tomorrow_ends_tomorrow(bench: Bench) -> None:
    bench.configure({"hello_to": "echo {name}"}, [SAY])
    done = bench.lab.run("jobs", "suppress", "x_hello_to", "tomorrow 8:00", "tomorrow 9:00")
    words = done.out.split()
    assert words[words.index("from") + 1] == words[words.index("to") + 1], done.out


def test_a_secret_in_other_clothes(bench: Bench) -> None:
    bench.lab.secrets(DEPLOY="a-secret+of the/lab", PIN="4711")
    line = (
        "echo $K | base64; printf 'user:%s' \"$K\" | base64; printf 'u:%s' \"$K\" | base64;"
        " printf %s \"$K\" | od -An -tx1 | tr -d ' \\n'; echo; echo pin=$PIN;"
        " echo a-secret%2Bof%20the%2Flab; echo Basic $(printf 'me:%s:' \"$K\" | base64)"
    )
    secrets = {"K": "${DEPLOY}", "PIN": "${PIN}"}
    bench.configure({"uses": {"run_args_template": line, "secrets": secrets}})
    bench.run("uses")
    assert bench.work().status == 0
    lines = bench.printed(1).decode().splitlines()
    assert len(lines) == 7
    assert all("***" in one for one in lines), lines
