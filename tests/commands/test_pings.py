"""A timer with `ping:` tells a dead man's switch of its start and its end, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.web import Web

PATH = "/0f1e2d3c-1111-2222-3333-444455556666"


@pytest.fixture
def watch() -> Iterator[Web]:
    server = Web()
    server.start()
    for end in ("", "/start", "/fail"):
        server.put(PATH + end, "OK", content_type="text/plain")
    yield server
    server.stop()


def configure(lab: Lab, watch: Web, **more: Any) -> None:
    lab.secrets(PING=watch.url + PATH)
    timer = {"run": "backup run", "when": "daily 02:00", "ping": "${PING}"}
    data = lab.folder / "data"
    data.mkdir(exist_ok=True)
    (data / "a").write_text("a")
    (lab.folder / "disk").mkdir(exist_ok=True)
    backup = {
        "sets": {"data": {"paths": ["data"], "to": ["disk"], **more}},
        "destinations": {"disk": {"kind": "local", "path": "disk"}},
    }
    lab.configure({"timers": {"backup": timer}, "backup": backup})


def told(watch: Web) -> list[str]:
    return [request.path.removeprefix(PATH) for request in watch.requests]


def test_start_and_success(lab: Lab, watch: Web) -> None:
    configure(lab, watch)
    done = lab.run("backup", "run", env={"LABTOOL_TIMER": "backup"})
    assert (done.status, done.err) == (0, "")
    assert told(watch) == ["/start", ""]
    assert lab.run("timers", "run", "--all").status == 0
    assert told(watch) == ["/start", "", "/start", ""]


def test_start_and_failure(lab: Lab, watch: Web) -> None:
    configure(lab, watch, min_files=99)
    assert lab.run("backup", "run", env={"LABTOOL_TIMER": "backup"}).status == 1
    assert told(watch) == ["/start", "/fail"]


def test_not_by_hand_nor_in_a_rehearsal(lab: Lab, watch: Web) -> None:
    configure(lab, watch)
    assert lab.run("backup", "run").status == 0
    assert lab.run("backup", "run", "--dry-run", env={"LABTOOL_TIMER": "backup"}).status == 0
    assert told(watch) == []


def test_what_is_away_for_a_while_is_no_failure(lab: Lab, watch: Web) -> None:
    configure(lab, watch)
    source = {"kind": "http-json", "every": "3m", "url": "http://127.0.0.1:1/x", "timeout": "1s"}
    timer = {"run": "cache", "when": "every 3m", "ping": watch.url + PATH}
    lab.configure({"timers": {"c": timer}, "cache": {"x": source}})
    assert lab.run("cache", env={"LABTOOL_TIMER": "c"}).status == 75
    assert told(watch) == ["/start"]


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.hang(), Fault.reset()])
def test_a_switch_that_fails_holds_up_nothing(lab: Lab, watch: Web, fault: Fault) -> None:
    configure(lab, watch)
    watch.inject(fault, times=2)
    done = lab.run("backup", "run", env={"LABTOOL_TIMER": "backup"})
    assert done.status == 0
    assert "the ping of success failed" in done.err
    assert PATH not in done.err
