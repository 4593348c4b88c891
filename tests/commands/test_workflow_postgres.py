"""Several workers of one engine on a real PostgreSQL: no run is done twice, and one whose worker
dies on another machine is taken up once its sign of life is old."""

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from labtool.core.config import load
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.runs import opened
from tests.lab import Lab, poll
from tests.servers.databases import PASSWORD, PostgreSql

pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    found = PostgreSql()
    found.start()
    try:
        yield found
    finally:
        found.stop()


def test_two_workers_and_a_database_of_their_own(lab: Lab, server: PostgreSql) -> None:
    server.sql("DROP DATABASE IF EXISTS runs")
    server.sql("CREATE DATABASE runs")
    word = lab.folder / "word"
    word.write_text(PASSWORD)
    word.chmod(0o600)
    line = f'echo "{{run}}" >>{lab.folder}/effects; sleep 0.1'
    config: dict[str, Any] = {
        "workflows": {"w": {"steps": [
            {"name": "a", "run": line}, {"name": "ask", "approve": "Go?"},
            {"name": "b", "run": "true"},
        ]}},
        "engine": {"url": f"postgresql://lab@/runs?host={server.host}",
                   "password": {"file": "word"}},
    }  # fmt: skip
    lab.configure(config)
    runs = [lab.run("workflow", "start", "w").out.strip() for _ in range(12)]
    workers = [lab.start("workflow", "work", "--follow") for _ in range(2)]

    def states() -> Counter[str]:
        found = lab.run("workflow", "list", "--json").json()
        return Counter(one["state"] for one in found)

    poll(lambda: states() == {"waiting": 12}, timeout=60)
    for ident in runs:
        assert lab.run("workflow", "approve", ident).status == 0
    poll(lambda: states() == {"completed": 12}, timeout=60)
    effects = Counter((lab.folder / "effects").read_text().split())
    assert effects == dict.fromkeys(runs, 1)
    hosts = {
        step["worker"] for one in runs
        for step in lab.run("workflow", "show", one, "--json").json()["steps"]
    }  # fmt: skip
    assert len(hosts) == 2
    for worker in workers:
        worker.terminate()
        assert worker.wait(40) == 0
    assert not (lab.state / "workflows.db").exists()


@pytest.mark.parametrize("asked", ["wake", "pick_up"])
def test_two_workers_that_let_a_run_go_on_at_once(lab: Lab, server: PostgreSql, asked: str) -> None:
    server.sql("DROP DATABASE IF EXISTS shared")
    server.sql("CREATE DATABASE shared")
    (lab.folder / "word").write_text(PASSWORD)
    (lab.folder / "word").chmod(0o600)
    lab.configure({
        "workflows": {"w": {"steps": [{"name": "ask", "approve": "Go?"}]}},
        "engine": {"url": f"postgresql://lab@/shared?host={server.host}",
                   "password": {"file": "word"}},
    })  # fmt: skip
    lab.run("workflow", "start", "w")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with opened(load(lab.config_file, SECTIONS)) as runs:
        ident = runs.ledger.runs()[0].id
        if asked == "wake":
            assert runs.ledger.begin(ident, 1, "x/y")
            runs.ledger.wait(ident, 1, {"until": 0}, "waits")
        with ThreadPoolExecutor() as pool:
            with runs.base.write() as other:
                # The other one, and a worker that has begun with it since.
                change = "UPDATE labtool_runs SET state = 'running', worker = 'z/z', segment = 2"
                other.exec_driver_sql(change)
                if asked == "wake":
                    found = pool.submit(runs.ledger.wake)
                else:
                    found = pool.submit(runs.ledger.pick_up, ident, 1, "")
                poll(lambda: "1" in server.sql(waits))
            assert not found.result()
        run = runs.find(ident)
        assert (run.state, run.worker, run.segment) == ("running", "z/z", 2)


def test_a_server_that_refuses_or_is_away_is_told(lab: Lab, server: PostgreSql) -> None:
    steps = [{"name": "a", "run": "true"}]
    word = lab.folder / "word"
    for password, host, status in (("wrong", server.host, 1), (PASSWORD, "/nowhere", 75)):
        word.write_text(password)
        lab.configure({
            "workflows": {"w": {"steps": steps}},
            "engine": {"url": f"postgresql://lab@/postgres?host={host}",
                       "password": {"file": "word"}},
        })  # fmt: skip
        done = lab.run("workflow", "work", timeout=90)
        assert done.status == status, done.err
        assert PASSWORD not in done.err + done.out
        assert "postgresql://lab@/postgres" in done.err
        assert not Path(lab.state / "workflows.db").exists()


# libfaketime breaks the waits of Python 3.11's threads.
ODD = """
import time
right = time.time
time.time = lambda: right() + {wrong}
from labtool.cli import main
main()
"""


@pytest.mark.parametrize("wrong", [7200, -7200])
def test_a_worker_whose_clock_is_wrong(lab: Lab, server: PostgreSql, wrong: int) -> None:
    """It takes nobody for dead who lives, nor is it taken for dead; pauses are as long as said."""
    server.sql("DROP DATABASE IF EXISTS clocks")
    server.sql("CREATE DATABASE clocks")
    word = lab.folder / "word"
    word.write_text(PASSWORD)
    word.chmod(0o600)
    effects = lab.folder / "effects"
    once = f'echo "{{run}}" >>{effects}; [ -e x ] && exit; touch x; exit 75'
    lab.configure({
        "workflows": {"w": {"steps": [
            {"name": "a", "run": {"command": once, "folder": "{scratch}"}, "retries": 1,
             "backoff": {"first": "2s"}},
            {"name": "b", "run": "sleep 1"},
        ]}},
        "engine": {"url": f"postgresql://lab@/clocks?host={server.host}",
                   "password": {"file": "word"}, "workers": 2},
    })  # fmt: skip
    runs = [lab.run("workflow", "start", "w").out.strip() for _ in range(6)]
    program = (sys.executable, "-c", ODD.format(wrong=wrong))
    workers = [lab.start("workflow", "work", "--follow", program=one) for one in (None, program)]

    def shown(ident: str) -> dict[str, Any]:
        found: dict[str, Any] = lab.run("workflow", "show", ident, "--json").json()
        return found

    poll(lambda: {shown(one)["state"] for one in runs} == {"completed"}, timeout=60)
    assert Counter(effects.read_text().split()) == dict.fromkeys(runs, 2)
    steps = [step for one in runs for step in shown(one)["steps"]]
    assert Counter(step["state"] for step in steps) == {"temporary": 6, "done": 12}
    assert len({step["worker"] for step in steps}) == 2
    for worker in workers:
        worker.terminate()
        assert worker.wait(60) == 0
