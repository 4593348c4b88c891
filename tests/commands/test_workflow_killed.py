"""`kill -9` of workers at random over workflows of ten steps: what was completed is done once, what
ran when its worker died at least once, no run is lost. LABTOOL_TEST_ROUNDS says how often (200)."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from labtool.core.config import load
from labtool.services.engine.records import OPEN
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.runs import opened
from tests.lab import Lab, poll

ROUNDS = int(os.environ.get("LABTOOL_TEST_ROUNDS", "200"))
RUNS, STEPS, WORKERS = 40, 10, 2
# An effect is one line; what is killed between its beginning and its end has begun it.
EFFECT = 'echo "{{run}} {step}" >>{folder}/effects; sleep 0.05'


def config(folder: Path) -> dict[str, Any]:
    steps: list[Any] = [
        {"name": f"s{n}", "run": EFFECT.format(step=f"s{n}", folder=folder)} for n in range(STEPS)
    ]
    # Two side by side.
    steps[4:6] = [steps[4:6]]
    return {"workflows": {"w": {"steps": steps}}, "engine": {"workers": 8}}


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@pytest.mark.timeout(900)
def test_whatever_is_killed_no_step_is_lost_or_done_twice(lab: Lab) -> None:
    chance, effects = random.Random(11), lab.folder / "effects"
    lab.configure(config(lab.folder))
    with opened(load(lab.config_file, SECTIONS)) as runs:
        asked = [runs.begin("w", {}, "test")[0] for _ in range(RUNS)]
        workers = [lab.start("workflow", "work", "--follow") for _ in range(WORKERS)]
        killed = 0
        while killed < ROUNDS:
            time.sleep(chance.uniform(0.1, 1.2))  # when it is killed is what the test is about
            at = chance.randrange(WORKERS)
            workers[at].kill()
            workers[at].wait(10)
            killed += 1
            workers[at] = lab.start("workflow", "work", "--follow")
            if not runs.ledger.runs(OPEN):
                asked += [runs.begin("w", {}, "test")[0] for _ in range(10)]
            # However slow the machine is, something gets done from one kill to the next: a step
            # whose worker dies each time fails, as it should.
            before = size(effects)
            poll(lambda seen=before: size(effects) > seen or not runs.ledger.runs(OPEN), timeout=60)
        poll(lambda: not runs.ledger.runs(OPEN), timeout=180)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait(40)
        done = Counter(effects.read_text().splitlines())
        tried = Counter[str]()
        for ident in asked:
            run = runs.ledger.run(ident)
            assert run is not None
            assert run.state == "completed", run
            found = runs.attempts.of(ident)
            for step in (f"s{n}" for n in range(STEPS)):
                states = [one.state for one in found if one.step == step]
                tried.update(states)
                assert states.count("done") == 1
                lost = states.count("lost") + states.count("handed_back")
                # Once for the one that was completed, at most once for each that was lost.
                assert 1 <= done[f"{ident} {step}"] <= 1 + lost, (ident, step)
    assert tried["lost"] > ROUNDS / 10, tried
    named = ["pgrep", "-f", f"{lab.folder}/effects"]
    assert not subprocess.run(named, capture_output=True, check=False).stdout
