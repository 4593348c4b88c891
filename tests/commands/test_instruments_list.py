"""`labtool instruments`: what is listed, the history, and who is to be notified."""

import json
from datetime import timedelta
from typing import Any

import pytest

from labtool.core.clock import iso
from labtool.core.database import Database
from tests.lab import Lab
from tests.tasks.instruments.center import NOON, Center, running, state

pytestmark = pytest.mark.xdist_group("instruments")

MINUTE = timedelta(minutes=1)
AT = ("--at", iso(NOON))
ATTUNE: dict[str, Any] = {"a": {"kind": "attune", "name": "Attune"}}


@pytest.fixture
def center(lab: Lab) -> Center:
    people = [{"name": "Ann Lee", "email": "ann@example.org"}]
    lab.configure({"instruments": ATTUNE, "people": {"list": people}})
    return Center(Database.open(lab.state))


def test_what_is_open_and_what_is_late(lab: Lab, center: Center) -> None:
    for days in range(1, 4):
        center.run_of("Startup", NOON - timedelta(days=days), 600)
    bubble = {"bubble": iso(NOON - 4 * MINUTE)}
    began = NOON - 20 * MINUTE
    center.say("bubble", running("Startup", began, alerts=bubble, last_row=iso(NOON - MINUTE)))
    heading, row, alert = lab.run("instruments", *AT).lines
    assert heading.split("  ")[-1].strip() == "heard of"
    assert "unknown yet (3 of 5 runs)" in row
    assert "11:59" in row  # its last row
    assert alert == "! Attune: bubble at 11:56"
    for days in range(4, 7):
        center.run_of("Startup", NOON - timedelta(days=days), 600)
    center.say("bubble", running("Startup", began))
    assert "11:50, late" in lab.run("instruments", *AT).lines[1]
    [shown] = lab.run("instruments", "--json", *AT).json()
    assert (shown["late"], shown["free_at"]) == (True, iso(NOON - 10 * MINUTE))


def test_history_without_steps_and_with(lab: Lab, center: Center) -> None:
    center.say("started Rinse", running("Rinse", NOON, user="Bob"))
    for step in (7, 8):
        center.say("step Rinse", running("Rinse", NOON, step, user="Bob"))
    waits = {"waiting_for": "Raise \x1b[31mthe lifter", "waiting_since": iso(NOON)}
    center.say("waiting", running("Rinse", NOON, 8, user="Bob", **waits) | {"state": "waiting"})
    center.say("ended Rinse", state("idle", NOON), outcome="cancelled")

    def said(*more: str) -> list[str]:
        lines = lab.run("instruments", "history", "a", *more).lines
        assert all(line.startswith("2026-11-24 12:00:00  ") for line in lines)
        return [line[21:] for line in lines]

    assert said() == [
        "running   started Rinse (Bob)",
        "waiting   waiting: Raise [31mthe lifter (Bob)",
        "idle      ended Rinse: cancelled",
    ]
    assert said("--steps")[1:3] == ["running   step Rinse 7 (Bob)", "running   step Rinse 8 (Bob)"]
    assert len(said("--limit", "2")) == 2
    assert len(said("--limit", "99999999999999999999")) == 3
    asked = ("instruments", "history", "a", "--json")
    assert [len(lab.run(*asked, *more).json()) for more in ((), ("--steps",))] == [3, 5]


def test_who_is_to_be_notified_is_listed_and_can_be_taken_back(lab: Lab, center: Center) -> None:
    center.say("started Rinse", running("Rinse", NOON))
    asked = ("instruments", "notify", "a")
    assert lab.run(*asked).out == "Nobody; write notify INSTRUMENT --to PERSON\n"
    assert lab.run(*asked, "--to", "ann").out.endswith("Ann Lee is told once a is free\n")
    assert lab.run(*asked, "--to", "ann").out.endswith("is free (as before)\n")
    for words in (asked, asked[:2]):
        [one] = json.loads(lab.run(*words, "--json").out)
        assert (one["instrument"], one["person"]) == ("a", "ann-lee")
    assert lab.run(*asked, "--to", "ann", "--off", "--dry-run").status == 0
    assert "ann-lee" in lab.run(*asked).out
    assert lab.run(*asked, "--to", "ann", "--off").out.endswith("is not told any more of a\n")
    assert lab.run(*asked, "--to", "ann", "--off").out.endswith("was not to be told of a\n")
    assert lab.run(*asked).out.startswith("Nobody")
    assert lab.run(*asked, "--off").status == 2
    assert lab.run(*asked, "b").status == 2
    assert lab.run("instruments", "notify", "b").status == 2
