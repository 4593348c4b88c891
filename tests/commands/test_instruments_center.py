"""The instruments' part of `labtool serve`, as a process: what is refused, and what is told."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labtool.core.clock import iso
from labtool.core.database import Database
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.models import Heartbeat
from tests.commands.serving import served
from tests.commands.test_instruments import EPOCH, TOKEN, Room, change
from tests.lab import poll
from tests.tasks.instruments.center import state

pytestmark = pytest.mark.xdist_group("instruments")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.pc.close()
    made.server.close()


def texts(room: Room) -> list[str]:
    return [message["text"] for message in room.server.run("outbox", "--json").json()]


def test_a_copy_counts_in_an_epoch_of_its_own(room: Room) -> None:
    def send(*changes: dict[str, Any], epoch: str = EPOCH) -> tuple[int, Any]:
        answer = room.post("events", {"epoch": epoch, "changes": list(changes)})
        return answer.status_code, answer.json()

    with served(room.server):
        assert send(change(1), change(2, "logout")) == (200, {"last": 2})
        status, answer = send(change(2, "bubble"), change(3))
        assert (status, answer["expected"]) == (409, 0)
        assert answer["detail"] == "another change has this number"
        assert send(change(1, "bubble"), epoch="f" * 16) == (200, {"last": 1})
        assert [one["event"] for one in room.history()] == ["login", "logout", "bubble"]


def test_times_at_the_edge_break_nothing(room: Room) -> None:
    beat = {"epoch": EPOCH, "at": "2026-11-24T09:00:00Z", "log": {"ok": "unreadable"}}
    with served(room.server):
        for count, since in enumerate(("1971-01-01T00:00:00+14:00", "9000-12-31T23:59:59-12:00")):
            for key in ("state", "at"):
                body: dict[str, Any] = {**beat, "count": count + 1, "state": change(1)["state"]}
                if key == "state":
                    body["state"]["since"] = since
                else:
                    body["at"] = since
                assert room.post("heartbeat", body).status_code == 422
        body = {**beat, "count": 1, "state": change(1)["state"]}
        body["log"] = {"ok": "unreadable", "why": "\\\\share\\" + "x" * 9000}
        assert room.post("heartbeat", body).status_code == 200
        assert len(room.get("/attune").json()["why"]) == 300
        # A procedure of almost all times, five times, and the last ones begin at the end of them.
        changes = []
        for number in range(5):
            began = f"1971-01-02T00:00:0{number}Z"
            runs = {"state": "running", "procedures": [{"name": "X", "started": began}]}
            changes.append({**change(2 * number + 1, "started X", **runs), "time": began})
            ended = change(2 * number + 2, "ended X")
            changes.append({**ended, "time": "8999-01-01T00:00:00Z", "outcome": "done"})
        runs = {"procedures": [{"name": "X", "started": "8999-01-01T00:00:00Z"}]}
        changes.append(change(11, "started X", **runs))
        answer = room.post("events", {"epoch": EPOCH, "changes": changes})
        assert answer.status_code == 200
        found = room.get("/attune")
        assert (found.status_code, found.json()["free_at"]) == (200, "")
        assert room.server.run("instruments").status == 0
    assert not list((room.server.state / "logs").glob("bug-*"))


def test_a_stranger_gets_an_answer_without_a_body(room: Room) -> None:
    """As soon as the head is there; who has a token may go on."""
    with served(room.server):
        for token, status in (("", b"401"), ("wrong", b"401"), (TOKEN, b"")):
            with socket.create_connection(("127.0.0.1", room.port), timeout=3) as one:
                head = (
                    "POST /api/instruments/attune/events HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n"
                )
                one.sendall(head.encode() + b"{")
                one.settimeout(3 if status else 0.5)
                try:
                    found = one.recv(100)
                except TimeoutError:
                    found = b""
                assert found[9:12] == status
        # A body that was not read is no request.
        assert room.get("", "").status_code == 401
        assert room.get("").status_code == 200


def test_cancelled_silent_and_heard_of_again(room: Room) -> None:
    attune = {**room.serve["instruments"]["attune"], "tell_silent": "2s"}
    room.server.configure({**room.serve, "instruments": {"attune": attune}})
    with served(room.server):
        room.log.say("login")
        room.log.say("Event:Power On Self-test_Done~0")
        assert room.pass_().status == 0
        poll(lambda: room.get("/attune").json()["life"] == "live")
        seen = "SELECT 1 FROM marks WHERE space = 'instrument-seen'"
        poll(lambda: Database.snapshot(room.server.state).rows(seen))
        room.log.say("Event:Starting_Startup")
        room.log.say("Event:Startup_Done~FUNCTION_CANCELLED")
        assert room.pass_().status == 0
        poll(lambda: "Attune NxT: Startup was cancelled" in texts(room))
        silent = "Attune NxT: nothing was heard of its computer since"
        poll(lambda: any(text.startswith(silent) for text in texts(room)), 20)
        assert room.pass_().status == 0
        poll(lambda: "Attune NxT is heard of again" in texts(room))


def test_a_server_that_was_away_tells_of_no_silence(room: Room) -> None:
    database = Database.open(room.server.state)
    keeping, before = Keeping(database), datetime.now(UTC) - timedelta(hours=1)
    keeping.listens(before)
    body = {"epoch": EPOCH, "count": 1, "at": iso(before), "log": {"ok": "ok"}, "state": state()}
    keeping.beat("attune", Heartbeat.model_validate(body), before)
    with served(room.server):
        poll(lambda: (keeping.listens_since() or before) > before + timedelta(minutes=50))
        rounds = "SELECT 1 FROM marks WHERE space = 'instrument-seen'"
        poll(lambda: database.rows(rounds))
        assert room.get("/attune").json()["life"] != "silent"
    assert texts(room) == []
    database.close()
