"""`kill -9` of the bot, of workers and of jobs, at random and all at once: each request that was
accepted ends once, and is reported once. LABTOOL_TEST_ROUNDS says how often (200)."""

import os
import random
import re
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labtool.core.database import Database
from labtool.tasks.jobs.entry import Asker, Request
from labtool.tasks.jobs.queue import Queue
from tests.lab import Lab, poll
from tests.servers.slack_socket import APP_TOKEN, TOKEN, SlackSocket

pytestmark = pytest.mark.xdist_group("slack-bot")
ROUNDS = int(os.environ.get("LABTOOL_TEST_ROUNDS", "200"))
TYPES = 8
LINE = "set -e; echo {n} >>starts; sleep 0.4; echo {n} >>ends"
_TOLD = re.compile(r"x_t\d+\(n=(\d+)\)(?: \(\d+\))? (failed|was lost|succeeded|will)")
ENDED = {"done", "failed", "lost", "replaced"}


@dataclass
class Havoc:
    """A lab whose processes are killed, and what was asked of it."""

    lab: Lab
    slack: SlackSocket
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    processes: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def start(self, name: str) -> None:
        arguments = ("slack-bot",) if name == "bot" else ("jobs", "work", "--follow")
        self.processes[name] = self.lab.start(*arguments)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(10)
        self.killed[name] += 1
        if name == "bot":
            self.slack.cut()
        self.start(name)

    def kill_a_job(self) -> bool:
        """Whether there was one."""
        found = list(self._jobs())
        with suppress(ProcessLookupError, IndexError):
            os.kill(self.chance.choice(found), 9)
            self.killed["job"] += 1
            return True
        time.sleep(0.02)  # there is nothing to wait for but that one starts
        return False

    def _jobs(self) -> Iterator[int]:
        workspace = str(self.lab.state / "workspaces" / "x")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if str((entry / "cwd").readlink()) == workspace:
                        yield int(entry.name)

    def ask(self, queue: Queue) -> None:
        """One more request, said or typed."""
        self.asked += 1
        kind, text = f"t{self.chance.randrange(TYPES)}", str(self.asked)
        if self.slack.connected and self.chance.random() < 0.3:
            self.said[self.slack.say(f"x do {kind} {text}")] = text
        else:
            asker = Asker("Ann", channel="C1")
            queue.add(Request(f"x_{kind}", f"x_{kind}", {"n": text}, asker, time.time()))

    @property
    def taken(self) -> set[str]:
        """What was said, and acknowledged."""
        return {text for envelope, text in self.said.items() if envelope in self.slack.acked}

    @property
    def silent(self) -> list[str]:
        """What was taken, and not answered."""
        posted = self.posted()
        return [text for text in self.taken if not posted[f"{text} accepted"]]

    def posted(self) -> Counter[str]:
        texts = [one.get("text") or one["attachments"][0]["text"] for one in self.slack.posted]
        return Counter(
            f"{found[1]} {'accepted' if found[2] == 'will' else 'ended'}"
            for text in texts
            if (
                found := re.search(
                    r"x_t\d+\(n=(\d+)\)(?: \(\d+\))? (failed|was lost|succeeded|will)", text
                )
            )
        )


def configure(lab: Lab, slack: SlackSocket) -> None:
    jobs = {f"t{n}": {"run_args_template": LINE, "retries": n % 2} for n in range(TYPES)}
    commands = [{"command": f"do t{n} [n]", "help": "Does", "action": "schedule_job",
                 "job_type": f"t{n}"} for n in range(TYPES)]  # fmt: skip
    lab.secrets(BOT_TOKEN=TOKEN, APP_TOKEN=APP_TOKEN)
    lab.configure(
        {
            "slack": {"token": "${BOT_TOKEN}", "app_token": "${APP_TOKEN}",
                      "base_url": slack.url, "pace": "0s"},
            "people": {"list": [{"name": "Ann Lee", "email": "ann@example.org"}]},
            "jobs": {"x": {"jobs": jobs, "slack": commands}},
            "jobs_settings": {"workers": TYPES},
        }
    )  # fmt: skip


def rested(lab: Lab) -> int:
    """What waits is due; how much is not over."""
    with closing(sqlite3.connect(lab.state / "labtool.db", timeout=30)) as database:
        database.execute("UPDATE jobs SET due = 0 WHERE state = 'waiting'")
        database.commit()
        sql = "SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')"
        return int(database.execute(sql).fetchone()[0])


def test_whatever_is_killed_each_request_ends_once(lab: Lab) -> None:
    slack = SlackSocket()
    configure(lab, slack)
    havoc = Havoc(lab, slack)
    database = Database.open(lab.state)
    queue = Queue(database, time.time)
    for name in ("bot", "worker"):
        havoc.start(name)
    poll(lambda: slack.connected, timeout=30)
    while sum(havoc.killed.values()) < ROUNDS:
        havoc.ask(queue)
        if havoc.kill_a_job() and havoc.chance.random() < 0.06:
            havoc.kill(havoc.chance.choice(("worker", "bot")))
    assert all(havoc.killed[name] for name in ("bot", "worker", "job")), havoc.killed
    poll(lambda: rested(lab) == 0 and len(havoc.silent) <= havoc.killed["bot"], timeout=60)
    for name in ("worker", "bot"):
        havoc.processes[name].terminate()
        havoc.processes[name].wait(30)
    assert lab.run("jobs", "work").status in (0, 1)
    _judge(lab, havoc)
    database.close()
    slack.stop()


def _judge(lab: Lab, havoc: Havoc) -> None:
    found = lab.run("jobs", "list", "--json", "--limit", "100000").json()
    by_text: dict[str, Any] = {one["arguments"]["n"]: one for one in found}
    assert len(by_text) == len(found), "a request became two jobs"
    workspace = lab.state / "workspaces" / "x"
    starts = Counter((workspace / "starts").read_text().split())
    ends = Counter((workspace / "ends").read_text().split())
    posted = havoc.posted()
    assert {one["state"] for one in found} <= ENDED
    for text, one in by_text.items():
        assert starts[text] <= one["attempts"], one
        if one["attempts"] == 1:
            assert ends[text] <= 1, one
        if one["state"] == "done":
            assert ends[text], one
        # Once, or never where the worker was killed between telling Slack and noting that.
        assert posted[f"{text} ended"] <= 1, one
    # What has run is in the list, whatever took its place later.
    assert set(starts) <= set(by_text)
    told = [one for one in found if one["state"] != "replaced"]
    missing = [one for one in told if not posted[f"{one['arguments']['n']} ended"]]
    assert len(missing) <= havoc.killed["worker"], missing
    # Each that was acknowledged was taken: it is there, or another took its place.
    for text in havoc.taken:
        assert posted[f"{text} accepted"] <= 1
    assert len(havoc.silent) <= havoc.killed["bot"], havoc.silent
