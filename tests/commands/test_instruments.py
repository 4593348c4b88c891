"""`labtool attune-watch` and the instruments' part of `labtool serve`, as processes."""

import json
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from labtool.tasks.instruments.watch.reading import shown
from tests.commands.serving import served
from tests.lab import Lab, Result, poll
from tests.servers.slack import Slack
from tests.tasks.instruments.day import first_300
from tests.tasks.instruments.writer import Writer
from tests.zygote import Zygote

pytestmark = pytest.mark.xdist_group("instruments")

TOKEN = "a token of the attune's"


def _a_while_ago() -> datetime:
    """As the instrument's clock, which has no zone, shows it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(minutes=5)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Room:
    """An instrument's computer and the lab's server, each with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.pc, self.server = (self._lab(folder / name) for name in ("pc", "server"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = Writer(folder / "logs", _a_while_ago())
        self.watch = {"kind": "attune", "logs": str(folder / "logs"), "server": self.url,
                      "token": "${ATTUNE_TOKEN}", "heartbeat": "1s"}  # fmt: skip
        self.pc.configure({"instruments": {"attune": self.watch}})
        self.serve = {
            "people": {"list": [{"name": "Ann Lee", "email": "ann@example.org"}]},
            "lab": {"admins": ["Ann Lee"]},
            "instruments": {
                "attune": {"kind": "attune", "name": "Attune NxT", "tell_idle": "9000d"}
            },
            "serve": {"port": self.port, "tokens": {"attune": "${ATTUNE_TOKEN}"}},
            "page": {},
        }
        self.server.configure(self.serve)

    def _lab(self, folder: Path) -> Lab:
        folder.mkdir()
        lab = Lab(folder)
        lab.secrets(ATTUNE_TOKEN=TOKEN)
        return lab

    def get(self, path: str, token: str = TOKEN) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(f"{self.url}/api/instruments{path}", headers=headers, timeout=10)

    def post(self, path: str, body: Any, token: str = TOKEN) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"{self.url}/api/instruments/attune/{path}"
        return requests.post(address, json=body, headers=headers, timeout=10)

    def history(self) -> list[dict[str, Any]]:
        """All that the server has, as `--json` of the watch shows it."""
        found: list[Any] = []
        before = ""
        while True:
            page = self.get(f"/attune/history?limit=1000{before}").json()
            found = page["changes"] + found
            if page["before"] is None:
                return [_shown(change) for change in found]
            before = f"&before={page['before']}"

    def pass_(self, *more: str) -> Result:
        return self.pc.run("attune-watch", *more)


def _shown(change: dict[str, Any]) -> dict[str, Any]:
    return shown("attune", change)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.pc.close()
    made.server.close()


@contextmanager
def zygotes() -> Iterator[tuple[Zygote, Zygote]]:
    names = ("labtool.commands", "labtool.tasks", "labtool.services", "labtool.core")
    with Zygote(*names) as one, Zygote(*names) as other:
        yield one, other


def test_from_the_log_to_the_server(room: Room) -> None:
    for message in first_300():
        room.log.say(message)
    with served(room.server):
        told = room.pass_("--json")
        assert (told.status, told.err) == (0, "")
        lines = [json.loads(line) for line in told.lines]
        assert lines == room.log.replay() == room.history()
        assert room.pass_().out == "attune-watch: nothing to do\n"
        state = room.get("/attune").json()
        assert state["state"]["procedures"][0]["name"] == "Rinse"
        assert (state["life"], state["free_at"], state["runs_known"]) == ("live", "", 1)
        listed = room.server.run("instruments")
        assert "running: Rinse" in listed.out
        assert "Ann Lee" in listed.out
        assert len(room.server.run("instruments", "history", "attune", "--steps").lines) == 50
    # What the server does not take now waits, and goes later.
    room.log.say("Event:Rinse_Done~0")
    late = room.pass_()
    assert (late.status, "cannot be reached" in late.err) == (75, True)
    with served(room.server):
        assert room.pass_().status == 0
        assert room.history() == room.log.replay()


def test_a_replay_needs_no_server_nor_config(room: Room) -> None:
    for message in first_300():
        room.log.say(message)
    room.log.open()
    room.log.say("login")
    room.pc.config_file.unlink()
    told = room.pc.run("attune-watch", "--log-dir", room.log.folder, "--from-start", "--json")
    assert told.status == 0
    assert [json.loads(line) for line in told.lines] == room.log.replay()
    newest = room.pc.run("attune-watch", "--log-dir", room.log.folder)
    assert [line.split("(")[1] for line in newest.lines] == ["opened)", "login)"]
    assert room.pc.run("attune-watch", "--log-dir", "/nowhere").status == 1


def test_whatever_is_killed_the_history_is_that_of_a_clean_replay(room: Room) -> None:
    """100 times: rows come, files are renamed, copied and truncated, new ones begin, and watch
    and server are killed at any instant."""
    chance = random.Random(6)
    messages = first_300()[100:] * 100
    over = threading.Event()
    with zygotes() as (beside, away):
        # The first look is at the newest file; what comes after it must not be missed.
        assert room.pass_().status == 75
        killed, seen = list[int](), True

        def keep_serving() -> None:
            own = random.Random(7)
            while not over.is_set():
                done = away.run(room.server, "serve", timeout=own.uniform(0.2, 1))
                killed.append(done.status)

        server = threading.Thread(target=keep_serving)
        server.start()
        try:
            while killed.count(-9) < 100:
                for _ in range(chance.randrange(12)):
                    room.log.say(messages.pop(0))
                act = chance.choice(["open", "copied_and_truncated", "renamed", "half", "", ""])
                if act == "half" or (act and seen):
                    getattr(room.log, act)()
                    # Nobody can know of a file that came and went between two looks.
                    seen = act == "half" and seen
                    room.log.say(messages.pop(0))
                done = beside.run(room.pc, "attune-watch", timeout=chance.uniform(0.002, 0.06))
                killed.append(done.status)
                seen = seen or done.status != -9
        finally:
            over.set()
            server.join()
    with served(room.server):
        poll(lambda: room.pass_().status == 0)
        assert room.history() == room.log.replay()


def test_followed_until_told_to_stop(room: Room) -> None:
    with served(room.server):
        process = room.pc.start("attune-watch", "--follow", "--json")
        room.log.say("login")
        assert process.stdout
        assert json.loads(process.stdout.readline())["event"] == "opened"
        poll(lambda: room.get("/attune").json()["life"] == "live")
        room.log.say("Event:Starting_Startup")
        poll(lambda: room.get("/attune").json()["state"]["state"] == "running")
        # Another watch of the same instrument has nothing to do.
        assert "running already" in room.pass_().err
        # The folder goes, as a share does, and comes back.
        away = room.log.folder.with_name("away")
        room.log.folder.rename(away)
        poll(lambda: room.get("/attune").json()["life"] == "unreadable", timeout=20)
        away.rename(room.log.folder)
        room.log.say("Event:Startup_Done~0")
        poll(lambda: room.get("/attune").json()["state"]["state"] == "idle")
        poll(lambda: room.get("/attune").json()["life"] == "live")
        process.terminate()
        assert process.wait(10) == 0
        assert room.history() == room.log.replay()


def test_who_is_told(room: Room) -> None:
    with served(room.server) as (_, process):
        for message in ("login", "Event:Starting_Acquisition", "Data:New Bubble Detected at  185"):
            room.log.say(message)
        assert room.pass_().status == 0
        asked = room.server.run("instruments", "notify", "attune", "--to", "ann")
        assert asked.out == "instruments: Ann Lee is told once attune is free\n"
        texts = lambda: [m["text"] for m in room.server.run("outbox", "--json").json()]  # noqa: E731
        poll(lambda: any("bubble at" in text for text in texts()))
        assert not any("is free" in text for text in texts())
        room.log.say("Event:Acquisition_Done~0")
        room.log.say("Event:Starting_Debubble")
        room.log.say("Event:Debubble_Done~0")
        assert room.pass_().status == 0
        poll(lambda: any("is free" in text for text in texts()))
        poll(lambda: any("no bubble any more" in text for text in texts()))
        assert process.poll() is None
    # Once each, and to one who is admin and logged in just once.
    assert len(texts()) == 3
    with served(room.server):
        assert room.pass_().status == 0
        poll(lambda: room.get("/attune").json()["life"] == "live")
        page = room.server.folder / "site-private" / "instruments.html"
        poll(lambda: "Attune NxT" in page.read_text())
    assert len(texts()) == 3


def test_a_home_tab_in_slack(room: Room, slack: Slack) -> None:
    ann = {"name": "Ann Lee", "email": "ann@example.org", "slack": slack.user("ann")}
    attune = {"kind": "attune", "name": "Attune <!channel>", "tell_idle": "9000d", "home": "Ann"}
    config = {**room.serve, "people": {"list": [ann]}, "instruments": {"attune": attune}}
    room.server.configure(config, slack)

    def tabs() -> list[dict[str, Any]]:
        return [seen.args for seen in slack.proxy.requests if seen.name == "views.publish"]

    def text(tab: dict[str, Any]) -> str:
        return str(tab["view"]["blocks"][1]["text"]["text"])

    with served(room.server):
        room.log.say("login")
        assert room.pass_().status == 0
        first = poll(lambda: next((tab for tab in tabs() if "starting" in text(tab)), None))
        assert first["user_id"] == ann["slack"]
        assert first["view"]["blocks"][1]["text"]["type"] == "plain_text"
        seen = len(tabs())
        room.log.say("Event:Starting_Startup")
        assert room.pass_().status == 0
        # Not before ten seconds are over, and then what is true by then.
        last = poll(
            lambda: next((tab for tab in tabs() if "running: Startup" in text(tab)), None), 20
        )
        assert "In use by Ann Lee" in text(last)
        assert len(tabs()) == seen + 1
    times = [seen.at for seen in slack.proxy.requests if seen.name == "views.publish"]
    assert all(later - before > 9.5 for before, later in pairwise(times))
    assert all(seen.status == 200 for seen in slack.proxy.requests if seen.name == "views.publish")


def change(seq: int, event: str = "login", **state: Any) -> dict[str, Any]:
    whole = {"version": 1, "state": "idle", "since": "2026-11-24T09:00:00Z", **state}
    return {"seq": seq, "time": "2026-11-24T09:00:00Z", "event": event, "state": whole}


EPOCH = "0123456789abcdef"


def test_repeats_gaps_and_what_is_forged(room: Room) -> None:
    def send(*changes: dict[str, Any], **more: Any) -> tuple[int, Any]:
        answer = room.post("events", {"epoch": EPOCH, "changes": list(changes)} | more)
        return answer.status_code, answer.json()

    with served(room.server):
        assert send(change(1), change(2)) == (200, {"last": 2})
        assert send(change(2), change(3)) == (200, {"last": 3})
        assert send(change(1)) == (200, {"last": 3})
        status, answer = send(change(5))
        assert (status, answer["expected"]) == (409, 4)
        assert send(change(5), change(4)) == (200, {"last": 5})
        status, answer = send(change(6), change(8))
        assert (status, answer["expected"]) == (409, 7)
        assert send(change(9), lost=True) == (200, {"last": 9})
        assert len(room.history()) == 6
        beat = {"epoch": EPOCH, "at": "2026-11-24T09:00:00Z", "log": {"ok": "ok"}, "seq": 9}
        new = change(1, user="Ann", state="running")["state"]
        assert room.post("heartbeat", {**beat, "count": 2, "state": new}).status_code == 200
        old = change(1, user="Eve")["state"]
        for replayed in (1, 2):
            again = room.post("heartbeat", {**beat, "count": replayed, "state": old})
            assert again.status_code == 200
        assert room.get("/attune").json()["state"]["user"] == "Ann"
        body = {"epoch": EPOCH, "changes": [change(10)]}
        for token in ("", "wrong", TOKEN + "x", TOKEN[:-1], "\u00e9".encode().decode("latin-1")):
            assert room.post("events", body, token).status_code == 401
            assert room.get("", token).status_code == 401
        other = requests.post(
            f"{room.url}/api/instruments/other/events",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=10,
        )
        assert other.status_code == 403
        huge = room.post("events", {"epoch": EPOCH, "changes": ["x" * 3_000_000]})
        assert huge.status_code == 413
        # Who is taken out of the config is out.
        room.server.configure({**room.serve, "serve": {"port": room.port}})
        assert room.post("events", body).status_code == 401


@pytest.mark.parametrize(
    ("config", "say"),
    [
        ({}, "names no instrument with logs"),
        ({"instruments": {"a": {"kind": "atune"}}}, "did you mean attune?"),
        ({"instruments": {"a": {"kind": "attune", "log": "x"}}}, "did you mean logs?"),
        ({"instruments": {"a": {"kind": "attune", "logs": "x", "server": "lab:80"}}}, "server"),
        ({"instruments": {"a": {"kind": "generic-log", "logs": "x", "start": "("}}}, "regular"),
        ({"instruments": {"a": {"kind": "generic-log", "logs": "x"}}}, "knows no beginning"),
    ],
)
def test_mistakes(lab: Lab, config: dict[str, Any], say: str) -> None:
    lab.configure(config)
    done = lab.run("attune-watch")
    assert done.status == 2
    assert say in done.err


@pytest.mark.parametrize(
    ("answer", "say"),
    [("401", "refuses the token"), ("404", "knows no instrument attune"), ("500", "answered 503")],
)
def test_what_the_server_says(room: Room, answer: str, say: str) -> None:
    room.log.say("login")
    served_as: dict[str, Any] = {
        "401": {**room.serve, "serve": {"port": room.port, "tokens": {"attune": "another"}}},
        "404": {
            **room.serve,
            "instruments": {"b": {"kind": "attune"}},
            "serve": {"port": room.port, "tokens": {"attune": "${ATTUNE_TOKEN}"}},
        },
    }.get(answer, room.serve)
    room.server.configure(served_as)
    with served(room.server):
        if answer == "500":
            for name in ("labtool.db", "labtool.db-wal"):
                (room.server.state / name).write_bytes(b"no database" * 1000)
        done = room.pass_()
    assert done.status == (75 if answer == "500" else 1)
    assert say in done.err
    assert TOKEN not in done.err


def test_it_stays_by_systemd(room: Room) -> None:
    made = room.pc.run("timers", "systemd", "--install", room.pc.folder / "units")
    assert made.status == 0
    unit = (room.pc.folder / "units" / "labtool-attune-watch.service").read_text()
    assert "attune-watch --follow" in unit
    made = room.server.run("timers", "systemd", "--install", room.server.folder / "units")
    assert not (room.server.folder / "units" / "labtool-attune-watch.service").exists()


def test_quiet_off_and_clocks_that_jump(room: Room) -> None:
    hour = timedelta(hours=1)
    with served(room.server):
        for jump, message in (
            (-3 * hour, "login"),
            (2 * hour, "Event:Starting_Startup"),
            (-2 * hour, "Instrument function Startup executing line 3"),
            (hour, "Event:Startup_Done~0"),
        ):
            room.log.jump(jump)
            room.log.say(message)
        assert room.pass_().status == 0
        assert room.history() == room.log.replay()
        found = room.get("/attune").json()
        # Its last row is of two hours ago, whatever came before.
        assert (found["life"], found["state"]["state"]) == ("quiet", "idle")
        assert found["state"]["last"]["outcome"] == "done"
        assert "idle, or its software is closed" in room.server.run("instruments").out
        room.log.jump(2 * hour)
        room.log.say("Data:Laser_1_Baseplate_Temp~25.6C")
        assert room.pass_().status == 0
        assert room.get("/attune").json()["life"] == "live"
        room.log.say("Event:Starting_Shutdown")
        room.log.say("Event:Shutdown_Done~0")
        assert room.pass_().status == 0
        found = room.get("/attune").json()
        assert (found["life"], found["state"]["state"]) == ("quiet", "off")
        later = room.server.run("instruments", "--at", "2099-01-01", "--json").json()
        assert later[0]["life"] == "silent"


def test_a_spool_that_is_full_leaves_the_rows_in_the_log(room: Room) -> None:
    room.pc.configure({"instruments": {"attune": {**room.watch, "spool": 100}}})
    for message in first_300():
        room.log.say(message)
    assert room.pass_().status == 75
    for message in first_300()[100:]:
        room.log.say(message)
    waiting = room.pass_()
    assert "changes" not in waiting.out
    with served(room.server):
        assert room.pass_().status == 0
        assert room.pass_().status == 0
        assert room.history() == room.log.replay()


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe" * 10_000, b"\n\n,,,\n", b"x" * 3_000_000])
def test_files_that_make_no_sense(room: Room, content: bytes) -> None:
    room.log.file.write_bytes(content)
    done = room.pc.run("attune-watch", "--log-dir", room.log.folder, "--json")
    whole = b"\n" in content or len(content) > 2**20  # the others end within a row
    assert (done.status, done.out) == (1 if whole else 0, "")
    assert "unreadable" in done.err
    assert "has a bug" not in room.pass_().err
    room.log.file.write_bytes(content + b"\n")
    room.log.say("login")
    told = room.pc.run("attune-watch", "--log-dir", room.log.folder, "--json")
    assert [json.loads(line)["event"] for line in told.lines] == ["opened", "login"]


def test_check_tells_what_is_wrong(lab: Lab) -> None:
    lab.configure(
        {
            "people": {"list": [{"name": "Ann Lee", "email": "ann@example.org"}]},
            "instruments": {
                "attune": {"kind": "attune", "logs": "x", "server": "http://x", "home": ["Anne"]},
                "reader": {"kind": "attune", "channel": "#lab"},
            },
            "mail": {"host": "127.0.0.1", "from": "lab@example.org"},
            "serve": {"tokens": {"atune": "secret"}},
        }
    )
    done = lab.run("check")
    assert done.status == 2
    for part in (
        "serve.tokens.atune: is no instrument's",
        "instruments.attune: has a server, and no token",
        "instruments.attune.home: 'Anne' matches nobody",
        "messages to #lab reach nobody",
        "nobody can tell of reader",
    ):
        assert part in done.err, part


def test_logs_that_are_read_where_the_states_are_kept(lab: Lab) -> None:
    """Without a server: in the config, the watch and the pages share the state."""
    logs = Writer(lab.folder / "logs", _a_while_ago())
    for message in first_300():
        logs.say(message)
    instruments = {"attune": {"kind": "attune", "logs": "logs"}}
    lab.configure({"instruments": instruments, "serve": {"port": free_port()}, "page": {}})
    done = lab.run("attune-watch")
    assert (done.status, done.err) == (0, "")
    [one] = lab.run("instruments", "--json").json()
    assert (one["life"], one["state"]["state"]) == ("live", "running")
    asked = ("instruments", "history", "attune", "--limit", "1000", "--steps", "--json")
    history = lab.run(*asked).json()
    replayed = lab.run("attune-watch", "--log-dir", "logs", "--json").lines
    assert [row["event"] for row in history] == [json.loads(line)["event"] for line in replayed]
    # What is known stays known, and comes once.
    assert lab.run("attune-watch").status == 0
    again = lab.run(*asked).json()
    assert again == history
    page = lab.folder / "site-private" / "instruments.html"
    with served(lab):
        logs.say("Event:Starting_Sanitize")
        assert lab.run("attune-watch").status == 0
        poll(lambda: page.exists() and "Sanitize" in page.read_text(), timeout=30)
