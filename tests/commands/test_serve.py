"""`labtool serve` as a process, over real HTTP."""

import json
import resource
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.commands.serving import served
from tests.lab import Lab, command, poll
from tests.tasks.ptg.event import document


@pytest.fixture
def event(lab: Lab) -> Lab:
    (lab.folder / "ptg.json").write_text(json.dumps(document()))
    lab.configure({"ptg": {}, "page": {}, "serve": {"port": 0, "clients": 3}})
    return lab


def raw(url: str, path: str) -> int:
    """The status of a path that no client would send as it is."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return int(sock.recv(65536).split(b" ")[1])


def test_the_site(event: Lab) -> None:
    with served(event) as (url, process):
        page = requests.get(url, timeout=5)
        assert page.status_code == 200
        assert "Ballroom A" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        for path, kind in (
            ("/ptg.json", "application/json"),
            ("/ics/nova.ics", "text/calendar; charset=utf-8"),
            ("/etherpads.html", "text/html; charset=utf-8"),
        ):
            found = requests.get(url + path, timeout=5)
            assert (found.status_code, found.headers["Content-Type"]) == (200, kind)
            tag = {"If-None-Match": found.headers["ETag"]}
            same = requests.get(url + path, headers=tag, timeout=5)
            assert (same.status_code, same.content) == (304, b"")
            head = requests.head(url + path, timeout=5)
            assert (head.status_code, head.content) == (200, b"")
        (event.folder / "ptg.json").write_text(json.dumps(document() | {"eventid": "changed"}))
        event.run("build-page")
        assert (
            requests.get(url + "/ptg.json", headers=tag, timeout=5).json()["eventid"] == "changed"
        )
        assert requests.get(url + "/nothing", timeout=5).status_code == 404
        head = requests.head(url + "/events", timeout=5)
        assert head.headers["Content-Type"].startswith("text/event-stream")
        assert requests.post(url, timeout=5).status_code == 405
        process.terminate()
        assert process.wait(10) == 0


def test_nothing_but_the_site(event: Lab) -> None:
    event.run("build-page")
    site = event.folder / "site"
    (site / "out").symlink_to(event.folder / "labtool.yaml")
    (site / ".secret").write_text("secret")
    (site / "sub").mkdir()
    with served(event) as (url, _):
        for path in (
            "/../labtool.yaml",
            "/%2e%2e/labtool.yaml",
            "/..%2flabtool.yaml",
            "//etc/passwd",
            "/assets/../../labtool.yaml",
            "/out",
            "/.secret",
            "/.labtool-site.json",
            "/sub",
            "/sub/",
            "/%00",
            "/..\\labtool.yaml",
            "/" + "x" * 5000,
        ):
            assert raw(url, path) == 404, path


def test_the_stream_of_changes(event: Lab) -> None:
    with (
        served(event) as (url, process),
        requests.get(url + "/events", stream=True, timeout=20) as stream,
    ):
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines) == b"retry: 3000"
        (event.folder / "ptg.json").write_text(json.dumps(document() | {"eventid": "x"}))
        event.run("build-page")
        assert b"event: change" in (next(lines) for _ in range(6))
        others = [requests.get(url + "/events", stream=True, timeout=5) for _ in range(3)]
        assert [other.status_code for other in others] == [200, 200, 503]
        for other in others:
            other.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0  # although somebody still listens
        assert list(lines) is not None


def test_who_left_makes_room(event: Lab) -> None:
    with served(event) as (url, _):
        for _ in range(10):
            requests.get(url + "/events", stream=True, timeout=5).close()

        def there_is_room() -> bool:
            with requests.get(url + "/events", stream=True, timeout=5) as stream:
                return stream.status_code == 200

        (event.folder / "site" / "index.html").touch()
        poll(there_is_room, 30)


def test_interrupted(event: Lab) -> None:
    with served(event) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_a_port_that_is_taken(event: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        event.configure({"page": {}, "serve": {"port": port}})
        done = event.run("serve")
    assert done.status == 1
    assert f"127.0.0.1:{port}: cannot listen (Address already in use); another program" in done.err


def test_a_host_that_is_none(event: Lab) -> None:
    event.configure({"serve": {"host": "no.such.host.invalid", "port": 1}})
    done = event.run("serve")
    assert done.status == 1
    assert "cannot listen" in done.err


def test_requests_that_are_none(event: Lab) -> None:
    with served(event) as (url, process):
        host, port = url.removeprefix("http://").split(":")
        for rubbish in (
            b"\x16\x03\x01\x02\x00",
            b"GET / HTTP/9.9\r\n\r\n",
            b"x" * 100_000,
            b"\r\n\r\n",
        ):
            with socket.create_connection((host, int(port)), timeout=5) as sock:
                sock.sendall(rubbish)
        assert requests.get(url, timeout=5).status_code == 200
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_crowd_that_says_nothing(event: Lab) -> None:
    """More connections than there may be open files: who is in is served, the others are sent
    away at once, and nothing is written about it."""
    event.configure({"page": {}, "serve": {"port": 0}})
    program = ["/bin/sh", "-c", 'ulimit -Sn 100; ulimit -Hn 200; exec "$@"', "sh", *command()]
    process = event.start("serve", program=program)
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[-1].rstrip("/").rpartition(":")[2])
    assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (200, 200)

    def connected() -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=5)

    def is_answered(sock: socket.socket) -> bool:
        try:
            sock.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            return sock.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    with ExitStack() as stack:
        crowd = [stack.enter_context(connected()) for _ in range(300)]
        assert sum(is_answered(sock) for sock in crowd) == 100

    def there_is_room() -> bool:
        with connected() as sock:
            return is_answered(sock)

    poll(there_is_room)
    process.terminate()
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_machine_that_is_full_is_said_once(event: Lab) -> None:
    with served(event) as (url, process):
        port = int(url.rpartition(":")[2])
        assert requests.get(url, timeout=5).status_code == 200
        limit = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (5, limit[1]))
        with ExitStack() as stack:
            for _ in range(30):
                sock = socket.create_connection(("127.0.0.1", port), timeout=5)
                stack.enter_context(sock)
            assert process.stderr is not None
            assert "connections cannot be accepted for now" in process.stderr.readline()
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limit)
        poll(lambda: requests.get(url, timeout=5).status_code == 200)
        process.terminate()
        assert process.wait(10) == 0
        assert "accept" not in process.stderr.read()


def test_dry_run(event: Lab, tmp_path: Path) -> None:
    done = event.run("serve", "--dry-run")
    assert done.status == 0
    assert done.out.strip() == f"would serve {event.folder / 'site'}"
    assert not (event.folder / "site").exists()
