"""What people do of runs that failed or wait: begin again, let be, decide; when alerts end."""

from typing import Any

from tests.commands.test_workflow import config, shown, started, states
from tests.lab import Lab

FAILS = {"name": "a", "run": "grep -q ok {x}"}


def alerts(lab: Lab) -> list[str]:
    found: list[dict[str, Any]] = lab.run("alerts", "--json").json()
    return [one["text"] for one in found]


def test_a_failure_is_over_once_the_same_is_done(lab: Lab) -> None:
    lab.configure(config([FAILS], input={"required": ["x"]}))
    bad, good = lab.folder / "bad.csv", lab.folder / "good.csv"
    bad.write_text("no")
    good.write_text("ok")
    ident = started(lab, f"x={bad}")
    assert lab.run("workflow", "work").status == 1
    started(lab, f"x={good}")
    # Another one's success says nothing of it.
    assert "over" not in lab.run("workflow", "work").out
    [text] = alerts(lab)
    assert f"{str(bad)[-60:]}): failed: a: exit status 1" in text
    assert f"labtool workflow retry {ident}" in text
    bad.write_text("ok")
    lab.run("workflow", "retry", ident)
    assert lab.run("workflow", "work").status == 0
    assert alerts(lab) == []


def test_the_same_failure_is_one_alert_and_a_new_run_ends_it(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": f"test -e {lab.folder}/there"}]))
    for _ in range(2):
        started(lab)
        assert lab.run("workflow", "work").status == 1
    assert len(alerts(lab)) == 1
    (lab.folder / "there").touch()
    started(lab)
    lab.run("workflow", "work")
    assert alerts(lab) == []


def test_a_failed_run_may_be_let_be(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "false"}]))
    ident = started(lab)
    lab.run("workflow", "work")
    assert f"would cancel {ident}" in lab.run("workflow", "cancel", ident, "--dry-run").out
    assert len(alerts(lab)) == 1
    done = lab.run("workflow", "cancel", ident)
    assert (done.status, "stays failed, and its alert is over" in done.out) == (0, True)
    assert shown(lab, ident)["state"] == "failed"
    assert alerts(lab) == []


def test_a_run_takes_the_steps_that_were_mended(lab: Lab) -> None:
    first = {"name": "a", "run": {"command": "echo 1", "save": "one"}}
    lab.configure(config([first, {"name": "b", "run": "cta {one}"}], version="1"))
    ident = started(lab)
    lab.run("workflow", "work")
    lab.configure(config([first, {"name": "b", "run": "echo {one} {one}"},
                          {"name": "c", "run": "true"}], version="2"))  # fmt: skip
    look = lab.run("workflow", "retry", ident, "--new-steps", "--dry-run")
    assert f"{ident} would go on from b" in look.out
    assert shown(lab, ident)["state"] == "failed"
    assert "--new-steps takes the config's" in lab.run("workflow", "retry", ident).out
    assert lab.run("workflow", "work").status == 1
    done = lab.run("workflow", "retry", ident, "--new-steps")
    assert "goes on from b" in done.out
    assert "began with" not in done.out
    assert lab.run("workflow", "work").status == 0
    run = shown(lab, ident)
    assert (run["state"], run["version"]) == ("completed", "2")
    assert states(run) == [("a", "done"), ("b", "failed"), ("b", "failed"), ("b", "done"),
                           ("c", "done")]  # fmt: skip


def test_new_steps_that_want_another_input(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "false"}]))
    ident = started(lab)
    lab.run("workflow", "work")
    lab.configure(config([{"name": "a", "run": "echo {x}"}], input={"required": ["x"]}))
    done = lab.run("workflow", "retry", ident, "--new-steps")
    assert done.status == 2
    assert "'x' is a required property" in done.err


def test_what_a_check_finds(lab: Lab) -> None:
    lab.configure({
        **config([{"name": "a", "task": "build-pag"}, {"name": "b", "run": "echo 'unclosed"},
                  {"name": "c", "notify": {"to": "Nobody At All", "text": "x"}},
                  {"name": "d", "task": ["log", "{run}"]}]),
        "timers": {"t": {"run": "workflow start nope", "when": "every 1h"}},
    })  # fmt: skip
    for command in (("workflow", "check"), ("check",)):
        done = lab.run(*command)
        assert done.status == 2
        for said in (
            "workflows.w.steps.0.task: 'build-pag' is not a labtool command; did you mean build-",
            "workflows.w.steps.1.run: bash cannot read it: unexpected EOF",
            "workflows.w.steps.2.notify: Nobody At All: ",
            "timers.t.run: there is no workflow nope; write one of w",
        ):
            assert said in done.err, (command, done.err)
        assert "steps.3" not in done.err


def test_without_its_engine_it_says_what_to_install(lab: Lab) -> None:
    lab.configure(config([{"name": "a", "run": "true"}]))
    (lab.folder / "sitecustomize.py").write_text("import sys; sys.modules['dbos'] = None\n")
    for command in (("work",), ("work", "--follow"), ("start", "w"), ("list",), ("check",)):
        done = lab.run("workflow", *command, env={"PYTHONPATH": str(lab.folder)})
        assert done.status in (1, 2)
        assert "workflows need dbos, which is not installed" in done.err
        assert "pip install '.[workflow]'" in done.err


def test_who_is_asked_by_role_may_decide(lab: Lab) -> None:
    people = [
        {"name": "Ann Lee", "email": "ann@example.org", "role": "staff"},
        {"name": "Bob Stone", "email": "bob@example.org", "role": "guest"},
    ]
    lab.configure({**config([{"name": "ask", "approve": {"text": "Go?", "by": ["staff"]}}]),
                   "people": {"list": people}})  # fmt: skip
    ident = started(lab)
    nobody = lab.run("workflow", "approve", ident, "--dry-run")
    assert (nobody.status, "waits for nobody" in nobody.err) == (2, True)
    lab.run("workflow", "work")
    for more in ((), ("--dry-run",)):
        refused = lab.run("workflow", "approve", ident, "--as", "Bob Stone", *more)
        assert (refused.status, "is not for Bob Stone" in refused.err) == (2, True)
    look = lab.run("workflow", "approve", ident, "--as", "Ann Lee", "--dry-run")
    assert f"would say yes to ask of {ident}" in look.out
    assert shown(lab, ident)["state"] == "waiting"
    assert lab.run("workflow", "approve", ident, "--as", "Ann Lee").status == 0
    lab.run("workflow", "work")
    assert shown(lab, ident)["state"] == "completed"


def test_the_page_shows_runs_their_steps_and_what_they_found(lab: Lab) -> None:
    lab.configure(config([
        {"name": "a", "run": {"command": "echo {x}", "save": "said"}},
        {"name": "b", "run": "echo '<b>why</b>' >&2; exit 3"},
    ], input={"required": ["x"]}))  # fmt: skip
    ident = started(lab, "x=<script>alert(1)</script>")
    lab.run("workflow", "work")
    assert lab.run("build-page").status == 0
    page = (lab.folder / "site-private" / "system.html").read_text()
    for said in (ident, "<bdi>a</bdi>", "<bdi>b</bdi>", "<bdi>failed</bdi>", "exit status 3",
                 "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;b&gt;why&lt;/b&gt;"):  # fmt: skip
        assert said in page, said
    assert "<script>alert" not in page
