"""`labtool jobs` as somebody meets it at a terminal: what is shown, and what is refused."""

import os
import pty
import select
import struct
import termios
from fcntl import ioctl
from typing import Any

import pytest

from tests.commands.test_jobs import PEOPLE, SAY, Bench
from tests.lab import Lab, command, poll

HELLO = {"run_args_template": "echo Hello {name}", "report_stdout": True}
DEPLOY = {"command": "deploy [where] for [who]", "help": "Deploys", "action": "schedule_job",
          "job_type": "deploy"}  # fmt: skip


@pytest.fixture
def bench(lab: Lab) -> Bench:
    return Bench(lab)


def drawn(lab: Lab, *arguments: str, columns: int = 80) -> list[str]:
    """What a terminal of so many columns shows."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    pid = os.fork()
    if not pid:
        os.setsid()
        os.chdir(lab.folder)
        for handle in (0, 1, 2):
            os.dup2(slave, handle)
        environment = lab.environment({"TERM": "xterm", "NO_COLOR": "1"})
        os.execve(command()[0], [*map(str, command()), *arguments], environment)
    os.close(slave)
    raw = b""
    while select.select([master], [], [], 20)[0]:
        try:
            raw += os.read(master, 65536)
        except OSError:
            break
    os.waitpid(pid, 0)
    os.close(master)
    text = raw.decode().replace("\x1b[1m", "").replace("\x1b[0m", "")
    return [line.rstrip() for line in text.replace("\r\n", "\n").splitlines()]


def test_80_columns_are_enough(bench: Bench) -> None:
    bench.configure({"hello_to": HELLO}, [SAY])
    bench.say("x say hello", "somebody with a name that is as long as a name can be, and more")
    rows = drawn(bench.lab, "jobs", "list")
    assert rows[0].split() == ["id", "job", "state", "at", "took", "asked", "by", "why"]
    assert rows[1].startswith("1 ")
    assert "x_hello_to" in rows[1]
    assert "waiting" in rows[1]
    assert rows[1].endswith("can start now")
    bench.say("x say", "nothing that anybody knows " * 20)
    rows = drawn(bench.lab, "status")
    assert [row.split()[:2] for row in rows[1:]] == [["jobs", "say"]]
    assert all(len(row) <= 80 for row in rows)
    assert "done" in rows[1]


def test_status_has_a_row_for_each_command_and_none_for_what_was_said(bench: Bench) -> None:
    bench.configure({"hello_to": HELLO}, [SAY])
    for name in ("Ann", "Bob"):
        bench.say(f"x say hello {name}")
        bench.run("hello_to", f"name={name}")
    bench.work()
    found = bench.lab.run("status", "--json")
    assert [one["name"] for one in found.json()["tasks"]] == ["jobs run", "jobs say", "jobs work"]
    assert "Bob" not in found.out
    # The log keeps all of it, under the names of these rows too.
    for row, number in (("jobs say", 2), ("jobs run", 2), ("jobs work", 1)):
        assert len(bench.lab.run("log", *row.split(), "--json").json()) == number
    assert "x say hello Bob" in bench.lab.run("log").out


def test_an_alert_of_a_command_is_over_when_it_works_again(bench: Bench) -> None:
    bench.lab.secrets(KEY="x" * 12)
    job = {"run_args_template": "test -e ok", "secrets": {"K": "${KEY}"}}
    bench.configure({"one": job}, workspace=".")
    bench.run("one")
    assert bench.work().status == 1
    [alert] = bench.lab.run("alerts", "--json").json()
    assert "x_one failed" in str(alert)
    (bench.lab.folder / "ok").touch()
    bench.run("one")
    assert bench.work().status == 0
    assert bench.lab.run("alerts", "--json").json() == []


def test_what_is_refused_says_so(bench: Bench) -> None:
    kinds = {"count": {"type": "integer", "most": 5}}
    jobs = {"hello_to": HELLO, "deploy": "echo {where} {who}",
            "typed": {"run_args_template": "echo {count}", "parameters": kinds}}  # fmt: skip
    typed = {"command": "take [count]", "help": "h", "action": "schedule_job", "job_type": "typed"}
    bench.configure(jobs, [SAY, DEPLOY, typed], allow=["Ann Lee"])
    for words, said in (
        (["x deploy staging"], "Did you mean: x deploy [where] for [who]?"),
        (["x 123 456"], "Say x help."),
        (["x take 9"], "count 9 is more than 5"),
        (["x say hello y", "--as", "Bob"], "x is not for you; ask Ann Lee"),
    ):
        done = bench.lab.run("jobs", "say", *words)
        assert (done.status, done.err) == (2, ""), done
        assert said in done.out
    found = bench.lab.run("jobs", "say", "--json", "logs 99")
    assert (found.status, found.json()["status"], found.json()["exit"]) == (2, "refused", 2)
    assert "there is no job 99" in found.json()["replies"][0]
    assert bench.lab.run("jobs", "list", "--json").json() == []
    assert bench.lab.run("alerts", "--json").json() == []


def test_words_are_joined_and_a_namespace_alone_is_a_question(bench: Bench) -> None:
    bench.configure({"hello_to": HELLO}, [SAY])
    assert bench.say("x") == bench.say("x", "help") == "x say hello [name] · Says hello to [name]\n"
    assert "x_hello_to(name=Ann Lee) (1) will start" in bench.say("x", "say", "hello", "Ann Lee")
    done = bench.lab.run("jobs", "say", "x", "say", "hello", "Bob", "--json").json()
    assert (done["status"], done["exit"]) == ("done", 0)


def test_a_usage_error_is_one(bench: Bench) -> None:
    bench.configure({"two": "echo {a} {b}", "one": "echo {a}"})
    for arguments, said in (
        (["run", "x_one", "x"], "'x' is not NAME=VALUE; write NAME=x"),
        (["run", "x_two"], "a, b are missing; write a=... b=..."),
        (["run", "x_one", "a=1", "c=1"], "c is none of its parameters; write a=..."),
        (["run", "x_one", "b=1", "c=1"], "a is missing and b, c are none of its parameters; write"),
        (["suppress", "x_one", "now"], "END is missing; write it, such as 18:00"),
        (["logs", "9" * 30], "is not a number"),
        (["logs", "x_on"], "'x_on' is not a number from 1 up, and no job's type"),
    ):
        done = bench.lab.run("jobs", *arguments)
        assert (done.status, said in done.err) == (2, True), done
    assert bench.lab.run("alerts", "--json").json() == []
    assert not (bench.lab.state / "logs" / "bug").exists()


def test_logs_of_a_type_are_those_of_its_last(bench: Bench) -> None:
    bench.configure({"one": "echo said {a}"})
    early = bench.lab.run("jobs", "logs", "x_one")
    assert (early.status, "no x_one has run yet; see: labtool jobs list" in early.err) == (1, True)
    for value in ("first", "second"):
        bench.run("one", f"a={value}")
        bench.work()
    assert "said second" in bench.lab.run("jobs", "logs", "x_one").out
    assert bench.lab.run("jobs", "logs", "x_one", "--json").json()["id"] == 2
    assert "said first" in bench.lab.run("jobs", "logs", "1").out


def test_why_a_job_waits(bench: Bench) -> None:
    later = {**SAY, "delay_seconds": 3600}
    fails = {"run_args_template": "exit 3", "retries": 1}
    jobs = {"hello_to": HELLO, "fails": fails, "asks": {"run_args_template": "x", "confirm": True}}
    bench.configure(jobs, [later])
    assert bench.lab.run("jobs", "status").out == "Nothing waits or runs.\n"
    bench.say("x say hello y")
    for job in ("fails", "asks"):
        bench.run(job)
    bench.work()

    def standing(at: str = "") -> Any:
        found = bench.lab.run("jobs", "status", "--json", *(["--at", at] if at else [])).json()
        return {one["type"]: (one["why"], one["until"] is not None) for one in found["jobs"]}

    assert standing() == {
        "x_hello_to": ("starts at", True),
        "x_fails": ("tried 1 time (exit status 3); next try at", True),
        "x_asks": ("waits for a yes: confirm 3", False),
    }
    assert standing("2099-01-01")["x_hello_to"] == ("can start now", False)
    assert "until" not in bench.say("status", "--at", "2099-01-01")
    assert "starts at 20" in bench.say("status")
    bench.lab.run("jobs", "suppress", "x_hello_to", "now", "2098-01-01")
    assert standing()["x_hello_to"] == ("suppressed until", True)
    document = bench.lab.run("jobs", "status", "--json").json()
    assert [one["type"] for one in document["suppressions"]] == ["x_hello_to"]
    for shown in ("list", "status"):
        out = bench.lab.run("jobs", shown).out
        assert "suppressed until 2098-01-01 00:00" in out
        assert "suppressed: x_hello_to does not start until 2098-01-01 00:00" in out


def test_a_look_at_what_is_due(bench: Bench) -> None:
    later = {**SAY, "delay_seconds": 3600}
    bench.configure({"hello_to": HELLO, **{f"j{n}": "echo x" for n in range(3)}}, [later])
    bench.say("x say hello y")
    for n in (2, 0, 1):
        bench.run(f"j{n}")
    bench.lab.run("jobs", "suppress", "x_j1", "now", "2098-01-01")
    look = ("jobs", "work", "--dry-run")
    assert bench.lab.run(*look).lines == ["would run x_j2 (2)", "would run x_j0 (3)"]
    assert bench.lab.run(*look, "--at", "2099-01-01").lines == [
        "would run x_j2 (2)",
        "would run x_j0 (3)",
        "would run x_j1 (4)",
        "would run x_hello_to(name=y) (1)",
    ]
    found = bench.lab.run(*look, "--json").json()
    assert [one["id"] for one in found["jobs"]] == [2, 3]
    done = bench.lab.run("jobs", "work", "--at", "2099-01-01", "--json").json()
    assert {one["id"] for one in done["jobs"]} == {1, 2, 3, 4}


def test_a_yes_keeps_the_number(bench: Bench) -> None:
    bench.configure({"asks": {"run_args_template": "echo {a}", "confirm": True}})
    for value in ("one", "two"):
        bench.run("asks", f"a={value}")
    confirm = bench.lab.run("jobs", "confirm", "1")
    assert confirm.out == "x_asks(a=one) (1) will start\n"
    assert bench.lab.run("jobs", "confirm", "2").out.endswith("(2) will start, in place of 1\n")
    again = bench.lab.run("jobs", "confirm", "1")
    assert (again.status, "it is replaced by 2" in again.err) == (2, True)
    assert bench.work().status == 0
    assert [(one["id"], one["state"]) for one in bench.list()] == [(2, "done"), (1, "replaced")]
    assert bench.printed(2) == b"two\n"


def test_what_became_of_each_job_is_said(bench: Bench) -> None:
    fails = {"run_args_template": "exit 3", "retries": 1}
    bench.configure({"quiet": "echo x", "hello_to": HELLO, "fails": fails})
    bench.run("quiet")
    assert bench.work().lines == ["x_quiet (1) done; see labtool jobs logs 1", "jobs-work: 1 ended"]
    bench.run("fails")
    assert "x_fails (2) did not succeed, and is tried again" in bench.work().out
    bench.run("hello_to", "name=\x1b[31m" + "long " * 3000)
    done = bench.work().out
    assert "\x1b" not in done
    assert len(done) < 9000
    bench.rested()
    found = bench.lab.run("jobs", "work", "--json").json()
    [one] = found["jobs"]
    assert (one["id"], one["state"], one["status"]) == (2, "failed", 3)
    # Where somebody is told, it is not printed here.
    bench.configure({"hello_to": HELLO}, channel="#lab")
    bench.run("hello_to", "name=Bob")
    assert "    Hello Bob" not in bench.work().out.partition("To #lab")[0]


def test_one_job_s_secret_stops_no_other_command(bench: Bench) -> None:
    jobs = {"key": {"run_args_template": "x", "secrets": {"K": "${NO_SUCH}"}}, "free": "echo x"}
    bench.configure(jobs)
    for arguments in (["remind"], ["jobs", "list"]):
        assert bench.lab.run(*arguments).status == 0, arguments
    for job in ("key", "free"):
        bench.run(job)
    done = bench.work()
    assert done.status == 1
    assert "jobs.x.jobs.key.secrets.K: the environment variable NO_SUCH is not set" in done.err
    assert [one["state"] for one in bench.list()] == ["done", "failed"]
    checked = bench.lab.run("check")
    assert (checked.status, "NO_SUCH is not set" in checked.err) == (2, True)


def test_what_is_no_secret_stops_its_own_section_alone(bench: Bench) -> None:
    bench.configure({"one": {"run_args_template": "echo $W", "env": {"W": "${NO_SUCH}"}}})
    assert bench.lab.run("remind").status == 0
    for arguments in (["jobs", "list"], ["check"]):
        done = bench.lab.run(*arguments)
        assert (done.status, "NO_SUCH is not set" in done.err) == (2, True)


BAD = """
lab: {name: X}
people: {list: [{name: Ann Lee, role: staff}]}
jobs:
  Ops: {jobs: {}}
  status: {jobs: {}}
  x:
    fabfile: fabfile.py
    jobs:
      Hello: {run_args_template: "x"}
      typed:
        run_args_template: "echo {y}"
        env: {A-B: x}
        parameters: {y: {type: integer, least: 5, most: 1}}
"""
WORSE = """
lab: {name: X}
people: {list: [{name: Ann Lee, role: staff}]}
jobs:
  x:
    allow: [stuff, Ann Lee]
    jobs:
      one: {run_args_template: "echo {y}"}
      two: {run_args_template: "echo $(({y}))"}
    slack:
      - {command: "say {y}", help: h, action: schedule_job, job_type: one}
      - {command: "stop [me]", help: h, action: cancel_job, job_type: one}
      - {command: "help", help: h, action: cancel_job, job_type: one}
"""
UNSOUND = """
lab: {name: X}
people: {list: [{name: Ann Lee, role: staff}]}
jobs:
  x:
    allow: [stuff, ann lee]
    jobs:
      one: {run_args_template: "if then fi", confirm: [Zorro, staff]}
      two: {run_args_template: "echo fine"}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BAD, [
            "5: jobs.Ops: 'Ops' cannot be a name; write small letters, digits and -, such as ops",
            "6: jobs.status: namespace 'status' is a word of the bot's own; call it status-jobs",
            "8: jobs.x.fabfile: 'fabfile.py' is no address; write one that begins with https://",
            "10: jobs.x.jobs.Hello: 'Hello' cannot be a name",
            "13: jobs.x.jobs.typed.env.A-B: 'A-B' cannot be a variable's name; write letters,",
            "14: jobs.x.jobs.typed.parameters.y: least: 5 is more than most: 1",
        ]),
        (WORSE, [
            "9: jobs.x.jobs.two.run_args_template: $((...)) in a template with parameters; let a",
            "11: jobs.x.slack.0.command: 'say {y}' has {y}; write [y] in a command",
            "12: jobs.x.slack.1.command: 'stop [me]': cancel_job takes no parameters",
            "13: jobs.x.slack.2.command: 'help' is what the bot itself answers",
        ]),
        (UNSOUND, [
            "6: jobs.x.allow: nobody is called stuff, and nobody has that role; roles are staff",
            "8: jobs.x.jobs.one.confirm: nobody is called Zorro",
            "8: jobs.x.jobs.one.run_args_template: bash cannot read it: syntax error near",
        ]),
    ],
)  # fmt: skip
def test_each_mistake_has_its_own_line(lab: Lab, text: str, said: list[str]) -> None:
    lab.configure(text)
    done = lab.run("check")
    assert done.status == 2
    for line in said:
        assert f"labtool.yaml:{line}" in done.err
    assert len(done.err.splitlines()) == len(said)
    assert "pattern" not in done.err


def test_people_that_there_are(bench: Bench) -> None:
    job = {"run_args_template": "true", "confirm": ["Bob Fox", "STAFF"]}
    bench.configure({"one": job}, allow=["ann@example.org", "staff"])
    assert len(PEOPLE) == 2
    assert bench.lab.run("check").status == 0


def test_a_worker_that_stays_has_a_unit(bench: Bench) -> None:
    bench.configure({"one": "true"}, settings={"follow": True})
    units = bench.lab.run("timers", "systemd").out
    assert "labtool-jobs-work.service" in units
    assert "jobs work --follow\n" in units
    bench.configure({"one": "true"})
    assert "jobs work --follow" not in bench.lab.run("timers", "systemd").out


def test_a_timer_says_nothing_while_another_worker_runs(bench: Bench) -> None:
    bench.configure({"long": "sleep 47"})
    bench.run("long")
    worker = bench.lab.start("jobs", "work")
    poll(lambda: bench.list()[0]["state"] == "running", timeout=20)
    quiet = bench.lab.run("--quiet", "jobs", "work")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")
    assert "running already" in bench.lab.run("jobs", "work").err
    worker.kill()
    worker.wait(10)
    bench.work()


def test_a_check_notes_who_runs_the_jobs_and_an_odd_token(bench: Bench) -> None:
    bench.lab.secrets(BOT="xoxb-1", APP="xoxb-2")
    slack = {"token": "${BOT}", "app_token": "${APP}"}
    jobs = {"x": {"jobs": {"one": {"run_args_template": "true"}}}}
    for more, noted in (
        ({}, True),
        ({"timers": {"jobs": {"run": "jobs work", "when": "every 1m"}}}, False),
        ({"jobs_settings": {"follow": True}}, False),
    ):
        bench.lab.configure({"slack": slack, "jobs": jobs, **more})
        done = bench.lab.run("check")
        assert ("nothing runs the jobs" in done.out) == noted
        assert "slack.app_token: is no app token of Slack: it begins with xapp-" in done.out
        assert "slack.token" not in done.out
