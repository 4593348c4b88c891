"""The guard lets loopback and Unix sockets through, and nothing else."""

import smtplib
import socket
import sys
from pathlib import Path

import pytest
import requests

from tests.guard.sitecustomize import is_loopback
from tests.lab import Lab
from tests.servers.web import Web

ELSEWHERE = "192.0.2.1"  # an address of nobody, for documentation


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert is_loopback(host.encode())


@pytest.mark.parametrize(
    "host", [ELSEWHERE, "example.org", "::2", "10.0.0.1", "localhost.evil.example"]
)
def test_elsewhere(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(socket.gaierror, match="not loopback"):
        socket.getaddrinfo(host, 80)
    with pytest.raises(OSError, match="not loopback"):
        socket.create_connection((host, 80), timeout=1)


def test_connecting_and_sending_is_refused() -> None:
    with socket.socket() as tcp, pytest.raises(OSError, match="not loopback"):
        tcp.connect((ELSEWHERE, 80))
    with socket.socket() as tcp, pytest.raises(OSError, match="not loopback"):
        tcp.connect_ex((ELSEWHERE, 80))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        with pytest.raises(OSError, match="not loopback"):
            udp.sendto(b"x", (ELSEWHERE, 53))
        with pytest.raises(OSError, match="not loopback"):
            udp.sendto(b"x", 0, (ELSEWHERE, 53))
        with pytest.raises(OSError, match="not loopback"):
            udp.sendmsg([b"x"], [], 0, (ELSEWHERE, 53))


def test_clients_say_so() -> None:
    with pytest.raises(requests.ConnectionError, match="not loopback"):
        requests.get("https://slack.com/api/auth.test", timeout=1)
    with pytest.raises(OSError, match="not loopback"):
        smtplib.SMTP("mail.example.org", timeout=1)


def test_what_stays_here_works(web: Web, tmp_path: Path) -> None:
    assert requests.get(web.put("/a", "x"), timeout=5).text == "x"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.sendto(b"x", udp.getsockname())


def test_processes_of_a_lab_have_it(lab: Lab) -> None:
    code = f"import socket; socket.create_connection(({ELSEWHERE!r}, 80), timeout=1)"
    result = lab.run("-c", code, program=[sys.executable], bug=True)
    assert "not loopback" in result.err
