"""What the admins hear: an error once, its end once, one digest a day, and silence otherwise."""

import sys
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.slack import Slack

DAY = "2026-11-24T{:02}:{:02}"  # a Tuesday without reminders but the daily one
RULES = {name: example.RULES[name] for name in ("plants", "breakfast")}


def at(hour: int, minute: int = 0) -> str:
    return DAY.format(hour, minute)


class Admin:
    """What Ann has heard since she was last asked."""

    def __init__(self, slack: Slack) -> None:
        self._slack, self._known = slack, 0

    def heard(self) -> list[str]:
        found = [str(message) for message in self._slack.messages("@ann")]
        new, self._known = found[self._known :], len(found)
        return new


@pytest.fixture
def admin(lab: Lab, slack: Slack) -> Admin:
    """A lab that has something to say each day, and its admin."""
    make(lab, slack)
    return Admin(slack)


def make(lab: Lab, slack: Slack, **sections: Any) -> None:
    example.make(lab, slack, **({"remind": {"rules": RULES}} | sections))


def break_sheet(lab: Lab) -> None:
    lab.sheet("meetings", "<html>")


def mend_sheet(lab: Lab) -> None:
    lab.sheet("meetings", example.MEETINGS)


def remind(lab: Lab, hour: int, minute: int = 0) -> int:
    return lab.run("remind", "--at", at(hour, minute)).status


def open_errors(lab: Lab) -> list[dict[str, Any]]:
    found = lab.run("alerts", "--json").json()
    assert isinstance(found, list)
    return found


# ── at once ───────────────────────────────────────────────────────────────────────────


def test_an_error_is_told_once_and_its_end_once(lab: Lab, admin: Admin) -> None:
    break_sheet(lab)
    assert remind(lab, 9) == 1
    [told] = admin.heard()
    assert "Test Lab: labtool remind failed" in told
    assert "sheet meetings (sheets/meetings.csv): is a web page" in told
    [fault] = open_errors(lab)
    assert fault["id"] in told
    assert remind(lab, 10) == 1
    assert admin.heard() == []
    assert open_errors(lab)[0]["count"] == 2
    mend_sheet(lab)
    assert remind(lab, 11) == 0
    [over] = admin.heard()
    assert "labtool remind works again" in over
    assert open_errors(lab) == []
    assert remind(lab, 12) == 0
    assert admin.heard() == []
    break_sheet(lab)
    remind(lab, 13)
    assert len(admin.heard()) == 1, "what comes back is new"


def test_each_new_error_is_told(lab: Lab, admin: Admin) -> None:
    break_sheet(lab)
    remind(lab, 9)
    assert len(admin.heard()) == 1
    lab.sheet("duties", [*example.DUTIES[:3], ["Plants", "daily", "Zoe Quux", ""]])
    remind(lab, 10)
    [told] = [each for each in admin.heard() if "labtool remind failed" in each]
    assert "'Zoe Quux' matches nobody" in told
    assert "meetings" not in told


def test_what_is_temporary_is_told_when_it_lasts(lab: Lab, slack: Slack, admin: Admin) -> None:
    down = slack.proxy.inject(
        Fault.status(503), times=None, match=lambda call: call.args.get("users") == bob(slack)
    )
    lab.sheet("duties", [*example.DUTIES[:3], ["Plants", "daily", "Bob", ""]])
    assert remind(lab, 9) == 75
    assert remind(lab, 11, 29) == 75
    assert admin.heard() == [], "2.5 h have not passed"
    assert remind(lab, 11, 31) == 75
    [told] = admin.heard()
    assert "since 2026-11-24 09:00 UTC" in told
    down.left = 0
    assert remind(lab, 19) == 0
    [over] = admin.heard()
    assert "works again" in over


def bob(slack: Slack) -> str:
    return slack.user("bob")


def test_what_is_temporary_and_passes_is_never_told(lab: Lab, slack: Slack, admin: Admin) -> None:
    down = slack.proxy.inject(Fault.status(503), times=None, match="conversations.open$")
    assert remind(lab, 9) == 75
    down.left = 0
    assert remind(lab, 23) == 0
    assert admin.heard() == []


def test_tasks_do_not_end_each_other_s_errors(lab: Lab, admin: Admin) -> None:
    break_sheet(lab)
    remind(lab, 9)
    admin.heard()
    lab.run("remind", "duty", "--at", at(10))
    lab.run("digest", "--at", at(10))
    assert open_errors(lab)[0]["scope"] == "remind"
    assert not any("labtool remind works again" in told for told in admin.heard())


# ── snoozed ───────────────────────────────────────────────────────────────────────────


def test_alerts_lists_and_snoozes(lab: Lab, slack: Slack, admin: Admin) -> None:
    assert lab.run("alerts").out == "No errors are open.\n"
    slack.proxy.inject(Fault.status(503), times=None, match="conversations.open$")
    remind(lab, 9)
    [fault] = open_errors(lab)
    listed = lab.run("alerts")
    assert fault["id"] in listed.out
    assert "not yet" in listed.out
    done = lab.run("alerts", "snooze", fault["id"], "--for", "3650d")
    assert (done.status, done.out) == (0, f"{fault['id']}: snoozed for 3650d\n")
    slack.proxy.reset()
    slack.proxy.inject(Fault.status(503), times=1, match="conversations.open$")
    remind(lab, 23)
    assert admin.heard() == [], "it has lasted, but nobody wants to hear of it"
    assert "snoozed" in lab.run("alerts").out or open_errors(lab) == []
    assert lab.run("alerts", "snooze", "nope").err.startswith("labtool: there is no error nope")


def test_snoozed_in_the_config(lab: Lab, slack: Slack, admin: Admin) -> None:
    break_sheet(lab)
    remind(lab, 9)
    assert len(admin.heard()) == 1
    [fault] = open_errors(lab)
    mend_sheet(lab)
    make(lab, slack, alerts={"snooze": {fault["id"]: "always"}})
    remind(lab, 10)
    break_sheet(lab)
    assert remind(lab, 11) == 1
    assert admin.heard() == []
    assert lab.run("digest", "--at", at(12)).out == "digest: nothing to do\n"
    assert "snoozed" in lab.run("alerts").out


# ── the digest ────────────────────────────────────────────────────────────────────────


def test_nothing_happened(lab: Lab, admin: Admin) -> None:
    remind(lab, 9)
    done = lab.run("digest", "--at", at(10), "--json")
    assert (done.status, done.json()["digest"]) == (0, None)
    assert admin.heard() == []


def test_the_digest_counts(lab: Lab, slack: Slack) -> None:
    timer = {"run": "remind", "when": "daily 09:00"}
    make(lab, slack, timers={"morning": timer})
    admin = Admin(slack)
    break_sheet(lab)
    for minute in range(3):
        remind(lab, 9, minute)
    admin.heard()
    assert lab.run("digest", "--at", at(10)).out == "digest: 1 sent\n"
    [first] = admin.heard()
    assert "New errors" in first
    assert "3 times sheet meetings" in first
    assert lab.run("digest", "--at", at(11)).status == 0
    assert admin.heard() == [], "one a day"
    for minute in range(2):
        remind(lab, 12, minute)
    lab.run("digest", "--at", "2026-11-25T08:30")
    [second] = admin.heard()
    assert "2 times more since the last digest: sheet meetings" in second
    assert "New errors" not in second
    lab.run("digest", "--at", "2026-11-26T08:30")
    [third] = admin.heard()
    assert "Overdue" in third
    assert "morning: due Wed 2026-11-25 09:00" in third
    mend_sheet(lab)
    lab.run("remind", "--at", "2026-11-26T10:00")
    admin.heard()
    lab.run("digest", "--at", "2026-11-27T08:30")
    [fourth] = admin.heard()
    assert "Recovered" in fourth
    assert "still" not in fourth.lower()


def test_the_digest_lists_what_could_not_be_sent(lab: Lab, slack: Slack, admin: Admin) -> None:
    lab.sheet("people", [*example.PEOPLE, ["Dee Moss", "dee@lab.example", "", ""]])
    lab.sheet("duties", [*example.DUTIES[:3], ["Plants", "daily", "Dee", ""]])
    assert remind(lab, 9) == 1
    admin.heard()
    lab.run("digest", "--at", at(10))
    [digest] = admin.heard()
    assert "Could not be sent" in digest
    assert "1 to dee-moss: Water the plants" in digest


# ── nobody to tell ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quiet", [False, True])
def test_nobody_is_an_admin(lab: Lab, slack: Slack, quiet: bool) -> None:
    example.make(lab, slack, lab={"admins": []}, remind={"rules": RULES})
    break_sheet(lab)
    done = lab.run(*(["--quiet"] if quiet else []), "remind", "--at", at(9))
    assert done.status == 1
    assert "labtool: nobody hears of this: lab.admins is empty\n" in done.err
    assert (done.out == "") == quiet


def test_quiet_is_silent_where_admins_are_told(lab: Lab, admin: Admin) -> None:
    break_sheet(lab)
    done = lab.run("--quiet", "remind", "--at", at(9))
    assert (done.status, done.out, done.err) == (1, "", "")
    assert len(admin.heard()) == 1
    assert "is a web page" in lab.run("log", "show", "1").out


def test_an_admin_who_is_nobody(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, lab={"admins": ["Zoe", "Ann Lee"]}, remind={"rules": RULES})
    done = lab.run("remind", "--at", at(9))
    assert done.status == 1
    assert "'Zoe' matches nobody" in done.err
    assert len(slack.messages("@ann")) == 1


# ── bugs ──────────────────────────────────────────────────────────────────────────────

BUGS = {
    "a rule": "labtool.tasks.remind.rules.duty:Options.plan",
    "reading": "labtool.tasks.remind.load:gather",
    "sending": "labtool.services.slack:Slack.address",
    "telling": "labtool.core.telling:alert",
}
# Runs labtool after it has replaced the function that its first argument names.
SPOILED = """
import importlib, sys
from labtool.cli import main

def bug(*args, **kwargs):
    raise ZeroDivisionError("a bug that was put here")

module, _, path = sys.argv.pop(1).partition(":")
*owners, name = path.split(".")
place = importlib.import_module(module)
for owner in owners:
    place = getattr(place, owner)
setattr(place, name, bug)
main()
"""


@pytest.mark.parametrize("place", BUGS)
@pytest.mark.parametrize("verbose", [False, True])
def test_a_bug_is_kept_and_told(
    lab: Lab, slack: Slack, admin: Admin, place: str, verbose: bool
) -> None:
    if place == "telling":
        break_sheet(lab)
    arguments = ["remind", "--at", at(9), *(["--verbose"] if verbose else [])]
    program = [sys.executable, "-c", SPOILED, BUGS[place]]
    done = lab.run(*arguments, program=program, bug=True)
    assert done.status == 1
    where = " in sending by slack" if place == "sending" else ""
    assert f"labtool has a bug{where}: ZeroDivisionError" in done.err
    shown = verbose and not where
    assert ("a bug that was put here" in done.err) == shown
    assert ("Traceback" in done.err) == shown
    kept = list((lab.state / "logs").glob("bug-*.txt"))
    assert str(kept[0]) in done.err
    assert all("a bug that was put here" in file.read_text() for file in kept)
    [run, *_] = lab.run("log", "--json").json()
    assert run["status"] == "failed"
    if place in ("a rule", "reading"):
        assert "labtool has a bug" in admin.heard()[0]
    lab.run("remind", "--at", at(10))
    assert any("Water the plants" in m.text for m in slack.messages("@eve")), "it was not lost"
