"""`labtool attune-watch` where its log, its server or its reader are not as they should be."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.commands.serving import served
from tests.commands.test_instruments import TOKEN, Room
from tests.lab import command, poll

pytestmark = pytest.mark.xdist_group("instruments")

Answer = Callable[[str, Any], tuple[int, Any]]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.pc.close()
    made.server.close()


class Stand:
    """A server that answers as it is told; `taken` is what it has said yes to."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.taken: list[tuple[str, Any]] = []


@contextmanager
def standing(room: Room, answer: Answer) -> Iterator[Stand]:
    stand = Stand(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            what = self.path.rpartition("/")[2]
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(raw) | {"bytes": len(raw)}
            status, said = stand.answer(what, body)
            if status == 200:
                stand.taken.append((what, body))
            self.send_response(status)
            for name, value in (said.get("headers") or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said["raw"] if "raw" in said else json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", room.port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def agrees(what: str, body: Any) -> tuple[int, Any]:
    return 200, {"last": body["changes"][-1]["seq"]} if what == "events" else {"ok": True}


def test_a_change_that_is_refused_stops_no_other(room: Room) -> None:
    """422 to one of them, and 413 to what is long: as by a server of another version."""
    for number in range(6):
        room.log.say(f"Event:Starting_R{number}")

    def picky(what: str, body: Any) -> tuple[int, Any]:
        if what == "events" and "started R3" in [c["event"] for c in body["changes"]]:
            return 422, {"detail": []}
        if what == "events" and len(body["changes"]) > 2:
            return 413, {"detail": "too large"}
        return agrees(what, body)

    with standing(room, picky) as stand:
        first = room.pass_()
        assert (first.status, "answered 422" in first.err) == (1, True)
        events = [c["event"] for what, b in stand.taken if what == "events" for c in b["changes"]]
        assert events == ["opened", *(f"started R{n}" for n in range(6) if n != 3)]
        assert "heartbeat" in [what for what, _ in stand.taken]
        assert room.pass_().status == 0


def test_signs_of_life_go_on_where_changes_do_not(room: Room) -> None:
    room.log.say("login")

    def broken(what: str, body: Any) -> tuple[int, Any]:
        return (500, {}) if what == "events" else agrees(what, body)

    with standing(room, broken) as stand:
        assert room.pass_().status == 75
        [(what, beat)] = stand.taken
    assert what == "heartbeat"
    assert beat["state"]["user"] == "Ann Lee"
    assert beat["waiting"] == 2


@pytest.mark.parametrize("last", [2**53 - 1, 10**23, True, "5", None, -1])
def test_a_server_that_confirms_too_much_empties_nothing(room: Room, last: Any) -> None:
    for number in range(700):
        room.log.say(f"Event:Starting_R{number % 5}")
        room.log.say(f"Event:R{number % 5}_Done~0")

    with standing(room, lambda what, body: (200, {"last": last})) as stand:
        done = room.pass_()
        assert "has a bug" not in done.err
        sent = [c["seq"] for what, b in stand.taken if what == "events" for c in b["changes"]]
    if last == 2**53 - 1:
        assert sent == list(range(1, 1402))
    else:
        assert done.status == 1
        assert sorted(set(sent)) == list(range(1, 501))
    with standing(room, agrees) as stand:
        room.pass_()
        sent = [c["seq"] for what, b in stand.taken if what == "events" for c in b["changes"]]
        assert sent == ([] if last == 2**53 - 1 else list(range(1, 1402)))


def test_a_server_that_knows_other_changes_by_these_numbers(room: Room) -> None:
    """The client's folder is an older copy of itself, or another machine's."""
    room.log.say("login")
    epochs = set()

    def other(what: str, body: Any) -> tuple[int, Any]:
        epochs.add(body["epoch"])
        if what == "events" and len(epochs) == 1:
            return 409, {"expected": 0}
        return agrees(what, body)

    with standing(room, other) as stand:
        assert room.pass_().status == 0
        assert len(epochs) == 2
        assert [c["event"] for c in stand.taken[0][1]["changes"]] == ["opened", "login"]


@pytest.mark.parametrize(
    ("answer", "say"),
    [
        ((200, {"raw": b"[" * 100_000}), "answered no JSON"),
        ((301, {"headers": {"Location": "http://127.0.0.1:1/"}}), "the address that it redirects"),
        ((405, {}), "knows no instrument attune"),
        ((409, {"expected": 2**60}), "answered 409"),
        ((403, {}), "serve.tokens.attune"),
    ],
)
def test_odd_answers(room: Room, answer: tuple[int, Any], say: str) -> None:
    room.log.say("login")
    with standing(room, lambda what, body: answer):
        done = room.pass_()
    assert done.status in (1, 75)
    assert say in done.err
    assert "has a bug" not in done.err


def test_a_token_that_no_header_carries(room: Room) -> None:
    room.pc.secrets(ATTUNE_TOKEN="tök✓en")
    room.log.say("login")
    done = room.pass_()
    assert (done.status, "other characters than ASCII" in done.err) == (1, True)


def test_a_log_that_cannot_be_read_is_told_with_the_server_away(room: Room) -> None:
    room.log.folder.rename(room.log.folder.with_name("away"))
    done = room.pass_()
    assert done.status == 1
    assert "is the folder there" in done.err
    assert "cannot be reached" in done.err


def test_a_log_of_which_no_row_can_be_read(room: Room) -> None:
    """The likeliest first mistake: its times are written in another way."""
    form = "%d-%b-%y %Hh%Mm%S"
    when = datetime(2026, 11, 25, 12, 47, 2).strftime(form)
    with room.log.file.open("a") as file:
        file.write(f"{when},Info,Ann,S,login,7\n" * 3)
    with served(room.server):
        for _ in range(2):  # it stays so where nothing is added
            done = room.pass_()
            assert done.status == 1
            assert when in done.err
            assert "timestamp:" in done.err
        assert room.get("/attune").json()["life"] == "unreadable"
        replay = room.pc.run("attune-watch", "--log-dir", room.log.folder)
        assert (replay.status, "timestamp:" in replay.err) == (1, True)
        room.pc.configure({"instruments": {"attune": {**room.watch, "timestamp": form}}})
        with room.log.file.open("a") as file:
            file.write(f"{when},Info,Ann,S,login,7\n")
        assert room.pass_().status == 0
        assert room.get("/attune").json()["state"]["user"] == "Ann"


def test_a_folder_without_logs_is_told(room: Room) -> None:
    room.log.file.unlink()
    (room.log.folder / "System.txt").touch()
    done = room.pass_()
    assert "no log was found there yet" in done.err
    replay = room.pc.run("attune-watch", "--log-dir", room.log.folder)
    assert (replay.status, "no log was found" in replay.err) == (1, True)


def test_what_is_no_file_is_no_log(room: Room) -> None:
    room.log.say("login")
    os.mkfifo(room.log.folder / "System_2099-01-01_00-00-00.log")
    (room.log.folder / "System_2098-01-01_00-00-00.log").mkdir()
    done = room.pc.run("attune-watch", "--log-dir", room.log.folder, "--from-start", "--json")
    assert (done.status, len(done.lines)) == (0, 2)


def test_a_log_that_begins_with_a_mark(room: Room) -> None:
    room.log.file.write_bytes(b"\xef\xbb\xbf2026-11-25T09:00:00.000,Info,Ann,S,login,7\r\n")
    done = room.pc.run("attune-watch", "--log-dir", room.log.folder, "--json")
    assert [json.loads(line)["event"] for line in done.lines] == ["opened", "login"]


def test_who_reads_the_lines_may_go(room: Room) -> None:
    """`| head -1`: the watch does its work, and the folder is not to blame."""
    for _ in range(300):
        room.log.say("login")
    with standing(room, agrees) as stand:
        ended = subprocess.run(
            ["sh", "-c", '"$@" --json 2>errors | head -1', "-", *map(str, command()),
             "attune-watch"],
            cwd=room.pc.folder, env=room.pc.environment(), capture_output=True, check=True,
        )  # fmt: skip
        assert len(ended.stdout.splitlines()) == 1
        assert (room.pc.folder / "errors").read_text() == ""
        assert sum(len(b["changes"]) for what, b in stand.taken if what == "events") == 301
        assert stand.taken[-1][1]["log"]["ok"] == "ok"
    ended = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "-", *map(str, command()), "attune-watch",
         "--log-dir", str(room.log.folder)],
        cwd=room.pc.folder, env=room.pc.environment(), capture_output=True, check=True,
    )  # fmt: skip
    assert b"cannot be read" not in ended.stderr


def test_all_logs_the_first_time_and_only_then(room: Room) -> None:
    room.log.say("login")
    room.log.open()
    room.log.say("logout")
    with standing(room, agrees) as stand:
        watch = room.pc.start("attune-watch", "--follow", "--from-start")
        poll(lambda: sum(len(b["changes"]) for w, b in stand.taken if w == "events") == 3)
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(15) == 0
        for more in ((), ("--follow",)):
            done = room.pass_("--from-start", *more)
            assert (done.status, "was begun already" in done.err) == (2, True)


def test_a_damaged_spool_is_told(room: Room) -> None:
    room.log.say("login")
    assert room.pass_().status == 75
    with sqlite3.connect(room.pc.state / "instruments" / "attune.db") as database:
        database.execute("UPDATE spool SET change = '{'")
    database.close()
    done = room.pass_()
    assert "move it away" in done.err
    assert "has a bug" not in done.err


def test_a_server_that_asks_for_rest_gets_it(room: Room) -> None:
    asked: list[str] = []
    room.log.say("login")

    def busy(what: str, body: Any) -> tuple[int, Any]:
        asked.append(what)
        return 429, {"headers": {"Retry-After": "3600"}}

    with standing(room, busy):
        watch = room.pc.start("attune-watch", "--follow")
        poll(lambda: "events" in asked and "heartbeat" in asked)
        seen: list[int] = []
        for _ in range(8):  # rows come, and the server is left alone all the same
            room.log.say("login")
            seen.append(len(asked))
            poll(lambda: _logged(room) > len(seen))
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(15) == 0
    assert asked.count("events") == 1
    assert asked.count("heartbeat") == 1


def _logged(room: Room) -> int:
    """How many logins the watch has taken in."""
    database = sqlite3.connect(room.pc.state / "instruments" / "attune.db")
    try:
        return int(
            database.execute(
                "SELECT count(*) FROM spool WHERE json_extract(change, '$.event') = 'login'"
            ).fetchone()[0]
        )
    finally:
        database.close()


def test_a_folder_that_blinks_is_nobodys_trouble(room: Room) -> None:
    room.log.say("login")
    with standing(room, agrees) as stand:
        watch = room.pc.start("attune-watch", "--follow")
        poll(lambda: any(what == "events" for what, _ in stand.taken))
        away = room.log.folder.with_name("away")
        for number in range(3):
            room.log.folder.rename(away)
            beats = len(stand.taken)
            poll(lambda seen=beats: len(stand.taken) > seen)  # a second at least
            away.rename(room.log.folder)
            room.log.say("login")
            poll(lambda n=number: _events(stand) >= n + 3)
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(15) == 0
        assert {b["log"]["ok"] for what, b in stand.taken if what == "heartbeat"} == {"ok"}
    assert "cannot be read" not in (watch.stderr.read() if watch.stderr else "")


def _events(stand: Stand) -> int:
    return sum(len(b["changes"]) for what, b in stand.taken if what == "events")


def test_two_logs_that_grow_in_turns(room: Room, tmp_path: Path) -> None:
    """`logs: DIR/*.log` of any instrument: each row is told once."""
    logs = tmp_path / "reader"
    logs.mkdir()
    reader = {
        "kind": "generic-log",
        "logs": str(logs / "*.log"),
        "start": "RUN (?P<procedure>.+)",
        "end": "DONE (?P<procedure>.+)",
    }
    room.pc.configure({"instruments": {"reader": reader}})
    told = []
    for turn in range(4):
        for name in ("a", "b"):
            with (logs / f"{name}.log").open("a") as file:
                file.write(f"2026-11-25T09:0{turn}:00 RUN {name}{turn}\n")
                file.write(f"2026-11-25T09:0{turn}:30 DONE {name}{turn}\n")
            done = room.pass_("--json")
            told += [json.loads(line)["event"] for line in done.lines]
    (logs / "a - Copy.log").write_bytes((logs / "a.log").read_bytes())
    assert room.pass_("--json").out == ""
    runs = [event for event in told if event != "opened"]
    assert runs == [
        f"{what} {n}{t}" for t in range(4) for n in "ab" for what in ("started", "ended")
    ]
    assert TOKEN not in "".join(told)


def test_a_place_that_an_older_labtool_kept(room: Room) -> None:
    """It had one place alone, for the log that was read last."""
    room.log.say("Event:Starting_Rinse")
    with standing(room, agrees):
        assert room.pass_().status == 0
        with closing(sqlite3.connect(room.pc.state / "instruments" / "attune.db")) as database:
            [place] = database.execute("SELECT place FROM places").fetchone()
            database.execute("INSERT INTO known VALUES ('place', ?)", (place,))
            database.execute("DROP TABLE places")
            database.commit()
        room.log.say("Event:Rinse_Done~0")
        done = room.pass_("--json")
        assert [json.loads(line)["event"] for line in done.lines] == ["ended Rinse"]
