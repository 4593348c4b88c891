"""What the README says of workers and files, where only a real one shows it."""

import signal
import sqlite3
from contextlib import closing

from labtool.services.engine.records import LEASE
from tests.commands.test_workflow import config, running, shown, started, states
from tests.lab import Lab, poll


def test_term_lets_what_ends_by_itself_end(lab: Lab) -> None:
    wait = f"touch {lab.folder}/begun; while ! test -e {lab.folder}/go; do sleep 0.1; done"
    lab.configure(config([{"name": "a", "run": wait}, {"name": "b", "run": "true"}]))
    ident = started(lab)
    worker = lab.start("workflow", "work", "--follow")
    poll((lab.folder / "begun").exists, timeout=20)
    worker.send_signal(signal.SIGTERM)

    def drains() -> bool:
        with closing(sqlite3.connect(lab.state / "workflows.db")) as database:
            return bool(database.execute("SELECT max(draining) FROM labtool_workers").fetchone()[0])

    poll(drains, timeout=10)
    (lab.folder / "go").touch()
    assert worker.wait(30) == 0
    # Nothing new is begun.
    assert states(shown(lab, ident)) == [("a", "done"), ("b", "scheduled")]
    assert shown(lab, ident)["state"] == "queued"


def test_of_a_disk_that_gets_full_only_files_of_ended_runs_go(lab: Lab) -> None:
    steps = [{"name": "a", "run": "touch file"}, {"name": "ask", "approve": "Go?"}]
    lab.configure({**config(steps), "engine": {"min_free": 10**14}})
    ended, waiting = started(lab), started(lab)
    lab.run("workflow", "work")
    assert lab.run("workflow", "cancel", ended).status == 0
    lab.run("workflow", "work")
    assert not (lab.state / "scratch" / ended).exists()
    assert (lab.state / "scratch" / waiting / "file").exists()
    assert {one["id"] for one in lab.run("workflow", "list", "--json").json()} == {ended, waiting}


def test_a_worker_that_cannot_say_that_it_lives_ends_its_steps(lab: Lab) -> None:
    line = f"echo a >>{lab.folder}/effects; test -e {lab.folder}/go || sleep 98765"
    lab.configure(config([{"name": "a", "run": line}]))
    ident = started(lab)
    lab.start("workflow", "work", "--follow")
    poll(lambda: running(lab, "sleep"), timeout=20)
    (lab.folder / "go").touch()
    with closing(sqlite3.connect(lab.state / "workflows.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        # Before others may take it for dead.
        poll(lambda: not running(lab, "sleep"), timeout=LEASE)
        database.execute("ROLLBACK")
    poll(lambda: shown(lab, ident)["ended"], timeout=30)
    assert states(shown(lab, ident)) == [("a", "lost"), ("a", "done")]
    assert (lab.folder / "effects").read_text().split() == ["a", "a"]
