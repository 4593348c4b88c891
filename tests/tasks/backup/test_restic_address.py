"""restic's addresses: the password in one is repeated nowhere, and what a server says is told."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from labtool.services.restic_words import Address
from tests.lab import Lab
from tests.tasks.backup.test_restic import Repository


@pytest.fixture
def house(lab: Lab) -> Repository:
    house = Repository(lab)
    house.fill(2)
    return house


def told_nowhere(house: Repository, *words: str) -> None:
    """The words are in nothing that labtool keeps."""
    for path in house.lab.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [word for word in words if word.encode() in content], path


def test_a_word_in_the_address_is_repeated_nowhere(house: Repository) -> None:
    house.configure(repository="rest:http://bob:hunter22%21secret@127.0.0.1:9/")
    for arguments in (["run"], ["list"], ["verify"], ["prune"], ["run", "--json"], ["run", "-v"]):
        done = house.run(*arguments)
        assert done.status == 75, done
        assert "cannot be reached: " in done.err + done.out
        assert "connection refused" in done.err + done.out
        assert "hunter22" not in done.err + done.out
    told_nowhere(house, "hunter22")


@pytest.mark.parametrize(
    ("repository", "status", "said"),
    [
        ("rest:http://bob:Qv7@127.0.0.1:9/", 75, "connection refused"),  # too short to be masked
        ("s3:http://bob:Qv7@127.0.0.1:9/bucket", 75, "connection refused"),
        ("rest:http://bob:Qv7/Zk8secret@127.0.0.1:9/", 1, "cannot read the address"),
        ("rest:http://bob:Qv7#Zk8secret@127.0.0.1:9/", 1, "write %40 for @"),
        ("rest:http://bob:Qv7%Zk8secret@127.0.0.1:9/", 1, "cannot read the address"),
        ("rest:http://[bob:Qv7Zk8secret@127.0.0.1:9/", 1, "cannot read the address"),
        ("sftp://bob:Qv7Zk8secret@127.0.0.1:9//srv", 75, "cannot be reached"),
        ("sftp:bob:Qv7Zk8secret@127.0.0.1:/srv", 75, "cannot be reached"),
    ],
)
def test_any_word_in_any_address(
    house: Repository, repository: str, status: int, said: str
) -> None:
    key = {"AWS_ACCESS_KEY_ID": "${RESTIC_WORD}", "AWS_SECRET_ACCESS_KEY": "${RESTIC_WORD}"}
    house.configure(repository=repository, environment=key)
    done = house.run("run", "--json")
    assert (done.status, said in done.err) == (status, True), done
    assert not [word for word in ("Qv7", "Zk8") if word in done.out + done.err]
    told_nowhere(house, "Qv7", "Zk8")


@pytest.mark.parametrize(
    "repository",
    ["/srv/restic", "sftp:bob@host:/srv/a@b", "rest:https://host:8000/", "s3:https://h/b:c@d"],
)
def test_an_address_without_a_word_stays(repository: str) -> None:
    assert Address(repository).shown == repository


class _Says(BaseHTTPRequestHandler):
    """Answers everything with the status that its path begins with."""

    def _answer(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is theirs."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Says) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (401, 1, "is refused: "),
        (403, 1, "is refused: "),
        (404, 1, "there is no repository; mount its disk"),
        (503, 75, "cannot be reached: "),
    ],
)
def test_what_a_server_says_is_what_is_told(
    house: Repository, server: str, answer: int, status: int, said: str
) -> None:
    house.configure(repository=f"rest:http://bob:Qv7@{server}/{answer}/")
    done = house.run("run")
    assert (done.status, said in done.err) == (status, True), done
    assert "Qv7" not in done.err
