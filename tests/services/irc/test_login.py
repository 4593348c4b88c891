"""Capabilities and login, with a server that answers as a test wants."""

import base64
from collections.abc import Iterator

import pytest

from tests.lab import poll
from tests.servers.rough_ircd import RoughIrcd
from tests.services.irc.running import Running, settings


def caps(offer: str = "sasl=PLAIN,EXTERNAL", refuse: str = "") -> dict[str, object]:
    """What a server with capabilities answers."""

    def cap(rest: str) -> list[str]:
        verb, _, name = rest.partition(" :")
        if verb == "LS 302":
            return [
                ":s CAP * LS * :multi-prefix account-tag=x away-notify",
                f":s CAP * LS :{offer} ",
            ]
        if verb == "REQ":
            return [f":s CAP * {'NAK' if name == refuse else 'ACK'} :{name} "]
        return []

    return {"CAP": cap}


@pytest.fixture
def server() -> Iterator[RoughIrcd]:
    with RoughIrcd() as made:
        made.answers.update(caps())  # type: ignore[arg-type]
        yield made


@pytest.mark.parametrize("length", [8, 289, 290, 292, 600])
def test_sasl_payloads_of_every_length(server: RoughIrcd, length: int) -> None:
    password = "x" * length

    def authenticate(rest: str) -> list[str]:
        if rest == "PLAIN":
            return ["AUTHENTICATE +"]
        whole = len(rest) < 400
        return [":s 900 bot bot!u@h bot :ok", ":s 903 bot :ok"] if whole else []

    server.answers["AUTHENTICATE"] = authenticate
    with Running(settings(server.port, login="sasl", password=password)) as bot:
        bot.tells("identified to services")
        bot.ready()
    pieces = [line[13:] for line in server.said if line.startswith("AUTHENTICATE ")][1:]
    packed = "".join(piece for piece in pieces if piece != "+")
    assert base64.b64decode(packed) == f"bot\0bot\0{password}".encode()
    wanted = {line for line in server.said if line.startswith("CAP REQ")}
    assert wanted == {f"CAP REQ :{name}" for name in ("multi-prefix", "account-tag", "sasl")}


def test_services_that_never_answer(server: RoughIrcd) -> None:
    server.answers["AUTHENTICATE"] = lambda rest: []
    chosen = settings(server.port, login="sasl", password="secret-pw")
    with Running(chosen, identify=0.1) as bot:
        bot.tells("not identified to services: services do not answer")
        bot.ready()
        assert "CAP END" in server.said
        assert "AUTHENTICATE *" in server.said


def test_a_capability_that_is_refused_harms_no_other(server: RoughIrcd) -> None:
    server.answers.update(caps(refuse="account-tag"))  # type: ignore[arg-type]
    with Running(settings(server.port)) as bot:
        bot.ready()
        server.tell("@account=ann :ann!a@h PRIVMSG #lab :hi")
        assert bot.hears("hi").account is None
        server.wait("CAP END")


def test_capabilities_that_come_and_go(server: RoughIrcd) -> None:
    with Running(settings(server.port)) as bot:
        bot.ready()
        server.tell("@account=ann :ann!a@h PRIVMSG #lab :1", ":ann!a@h PRIVMSG #lab :2")
        assert bot.hears("1").account == "ann"
        assert bot.hears("2").account is None
        server.tell(":s CAP bot DEL :account-tag", "@account=eve :eve!a@h PRIVMSG #lab :3")
        assert bot.hears("3").account is None
        server.tell(":s CAP bot NEW :account-tag=y other")
        poll(lambda: server.said.count("CAP REQ :account-tag") == 2)
        server.tell("@account=eve :eve!a@h PRIVMSG #lab :4")
        assert bot.hears("4").account == "eve"


def test_nickserv_asks_again_after_a_restart(server: RoughIrcd) -> None:
    chosen = settings(server.port, login="nickserv", password="secret-pw")
    with Running(chosen) as bot:
        for number in range(1, 3):
            poll(lambda n=number: server.said.count("PRIVMSG NickServ :IDENTIFY secret-pw") >= n)
            server.tell(
                ":x!y@z NOTICE bot :You are now identified",  # somebody else
                ":NickServ!s@s NOTICE bot :This nickname is registered. Please identify.",
                ":NickServ!s@s NOTICE bot :Password accepted - you are now recognized.",
            )
            bot.ready()
            server.tell(":NickServ!s@s NOTICE bot :This nickname is registered. Please identify.")
        assert "identified to services" in bot.told


def test_the_join_waits_for_the_login(server: RoughIrcd) -> None:
    chosen = settings(server.port, login="nickserv", password="secret-pw", account="lab")
    with Running(chosen) as bot:
        server.wait("PRIVMSG NickServ :IDENTIFY lab secret-pw")
        server.tell(":x!y@z PRIVMSG bot :early")
        bot.hears("early")
        assert "JOIN #lab" not in server.said
        server.tell(":bot MODE bot :+ir")
        bot.ready()
