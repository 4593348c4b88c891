"""`labtool timers` as a process."""

import pytest

from tests.lab import Lab

CONFIG = """
lab: {timezone: Europe/Berlin, admins: ["#admins"]}
timers:
  morning: {run: remind, when: daily 09:00, why: what is due}
  often:   {run: "digest --verbose", when: every 15m}
"""


def test_next(lab: Lab) -> None:
    lab.configure(CONFIG)
    done = lab.run("timers", "next", "-n", "3", "--at", "2026-11-22T08:40")
    assert done.lines == [
        "when                      timer    runs",
        "Sun 2026-11-22 08:45 CET  often    digest --verbose",
        "Sun 2026-11-22 09:00 CET  morning  remind",
        "Sun 2026-11-22 09:00 CET  often    digest --verbose",
    ]
    first = lab.run("timers", "next", "--json", "--at", "2026-11-22T08:40").json()[0]
    assert first == {"at": "2026-11-22T07:45:00.000Z", "name": "often", "run": "digest --verbose"}


def test_run_all_journals_each_under_its_timer(lab: Lab) -> None:
    lab.configure(CONFIG)
    done = lab.run("timers", "run", "--all")
    assert done.status == 0, done.err
    assert "── morning: labtool remind ──" in done.out
    runs = lab.run("log", "--json").json()
    assert [(run["timer"], run["task"], run["status"]) for run in runs] == [
        ("often", "digest", "done"),
        ("morning", "remind", "done"),
    ]


def test_run_one_quietly(lab: Lab) -> None:
    lab.configure(CONFIG)
    done = lab.run("--quiet", "timers", "run", "morning")
    assert (done.status, done.out, done.err) == (0, "", "")
    [run] = lab.run("log", "--json").json()
    assert lab.run("log", "show", str(run["id"])).out.endswith("remind: nothing to do\n")


def test_due_runs_what_was_missed_once(lab: Lab) -> None:
    lab.configure(CONFIG)

    def due(at: str) -> list[str]:
        done = lab.run("timers", "run", "--due", "--at", at, "--json")
        assert done.status == 0, done.err
        return sorted(each["name"] for each in done.json()["timers"])

    assert due("2026-11-22T08:50") == []  # seen for the first time
    assert due("2026-11-22T08:59") == []
    assert due("2026-11-22T09:00") == ["morning", "often"]
    assert due("2026-11-22T09:01") == []
    assert due("2026-11-24T12:00") == ["morning", "often"]  # two days off: once each
    assert due("2026-11-24T12:00") == []


def test_a_dry_run_of_what_is_due(lab: Lab) -> None:
    lab.configure(CONFIG)
    lab.run("timers", "run", "--due", "--at", "2026-11-22T08:50")
    for _ in range(2):
        at = ("--at", "2026-11-22T09:00")
        done = lab.run("timers", "run", "--due", "--dry-run", *at, "--json")
        assert [each["name"] for each in done.json()["timers"]] == ["morning", "often"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "say which timers to run; a NAME, --all or --due"),
        (["--all", "--due"], "say which timers to run"),
        (["evening"], "there is no timer evening; there are: morning, often"),
    ],
)
def test_wrong_usage(lab: Lab, arguments: list[str], what: str) -> None:
    lab.configure(CONFIG)
    done = lab.run("timers", "run", *arguments)
    assert (done.status, done.out) == (2, "")
    assert what in done.err


def test_one_that_fails_does_not_stop_the_next(lab: Lab) -> None:
    lab.configure(CONFIG.replace("run: remind,", "run: remind nonsense,"))
    done = lab.run("timers", "run", "--all")
    assert done.status == 2
    assert "no rule is of the kind or name 'nonsense'" in done.err
    assert [run["task"] for run in lab.run("log", "--json").json()] == ["digest", "remind"]


def test_a_mistake_in_a_timer_is_found(lab: Lab) -> None:
    lab.configure("timers:\n  a: {run: remnd, when: hourly}\n  B_c: {run: remind, when: hourly}\n")
    done = lab.run("check")
    assert done.status == 2
    assert "labtool.yaml:3: timers.B_c: 'B_c' is not a name; write small letters" in done.err
    lab.configure("timers:\n  a: {run: remnd, when: hourly}\n")
    done = lab.run("check")
    assert "labtool.yaml:2: timers.a.run: 'remnd' is not a labtool command" in done.err


def test_the_crontab_of_another_zone_is_one_line(lab: Lab) -> None:
    lab.configure(CONFIG)
    done = lab.run("timers", "crontab", "--machine-zone", "UTC")
    entries = [line for line in done.lines if line.startswith("*")]
    assert len(entries) == 1
    assert entries[0].endswith("timers run --due")


def test_when_nothing_runs(lab: Lab) -> None:
    timers = {"often": {"run": "status", "when": "every 15m"},
              "night": {"run": "remind", "when": "daily 02:30"}}  # fmt: skip
    lab.configure({"timers": timers})
    found = lab.run("timers", "quiet", "--minutes", "10", "--at", "2026-11-26T12:07Z")
    assert found.out.startswith("nothing is expected to run from Thu 12:16:00 to Thu 12:30:00")
    assert "when often starts" in found.out
    none = lab.run("timers", "quiet", "--minutes", "1200", "--at", "2026-11-26T12:07Z")
    assert none.out.startswith("no 1200 minutes are free within 24 h; the longest: ")
    rest = lab.run("timers", "quiet", "--minutes", "60", "--at", "2026-11-26T12:07Z")
    assert rest.out.startswith("nothing is expected to run from Thu 12:07:00 to Fri 02:30:00")
    assert "but for these, which start more often than that: often (every 15m)" in rest.out
    assert not lab.state.exists()
