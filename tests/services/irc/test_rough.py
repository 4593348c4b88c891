"""A server that says strange things ends nothing."""

import random
import time

import pytest

from tests.lab import poll
from tests.servers.rough_ircd import RoughIrcd
from tests.services.irc.running import Running, settings

STRANGE: list[str | bytes] = [
    "", " ", ":", "@", "@a", "@a=b :x", ":x", ":x ", "PRIVMSG", ":a!b@c PRIVMSG",
    ":a!b@c PRIVMSG bot", ":a!b@c PRIVMSG bot :", "PRIVMSG bot :no source", ":a!b@c PRIVMSG :x",
    ":a!b@c PRIVMSG  : ", "QUIT", ":a!b@c QUIT", "JOIN", ":a!b@c JOIN", ":bot!u@h JOIN",
    ":bot!u@h JOIN :", "PART", "KICK", ":x KICK #lab", "NICK", ":a!b@c NICK", ":a!b@c NICK :",
    "MODE", ":x MODE #lab", ":x MODE bot", ":x MODE bot +r", ":x MODE #lab +ooo ann",
    ":s 353", ":s 353 bot", ":s 353 bot = #lab", ":s 366", ":s 354", ":s 354 bot 743", ":s 352",
    ":s 311", ":s 330 bot", ":s 318 bot", ":s 433", ":s 437", ":s 437 bot #lab", ":s 005",
    ":s 005 bot", ":s 005 bot PREFIX CHANMODES= CASEMAPPING=x NICKLEN=\u0663 =x :are", ":s 001",
    ":s 376", ":s 900", ":s 903", ":s 904", "AUTHENTICATE", "AUTHENTICATE +", "CAP", "CAP * LS",
    "CAP bot ACK", "CAP bot NAK :x", "CAP bot NEW :sasl", "CAP bot DEL :sasl", "CAP bot X",
    "ERROR", "PING", "PONG", ":s 999 bot :what", ":s FOO bar", "ACCOUNT", ":a!b@c ACCOUNT",
    "CHGHOST", ":bot!u@h CHGHOST", ":bot!u@h CHGHOST x y", ":s 396 bot", ":s 396 bot cloak",
    "INVITE", ":x INVITE bot", ":x INVITE bot #lab", ":x INVITE bot #elsewhere", ":s 470 bot #lab",
    ":s 474 bot", ":s 471 bot #nowhere :x", "WALLOPS :x", "NOTICE", ":NickServ!s@s NOTICE bot",
    ":\u00a0!b@c PRIVMSG bot :\u2028", ":a!b@c TAGMSG #lab", "@;=;a;b=\\ :a!b@c PRIVMSG bot :\x03",
    b":a!b@c PRIVMSG #lab :\xff\xfe caf\xe9", b"\xff\xff\xff", b"\x00\x00",
    b":a\xff!b@c PRIVMSG bot :x",
    ":a!b@c PRIVMSG #lab :" + "x" * 10_000, "y" * 10_000, "z" * 100_000,
    ":a!b@c PRIVMSG bot :\x01DCC CHAT chat 1 1\x01", ":a!b@c PRIVMSG bot :\x01\x01\x01",
    ":a!b@c PRIVMSG bot :\x10n\x100\x10r", ":a!b@c PRIVMSG @#lab :to ops",
]  # fmt: skip


def test_strange_lines() -> None:
    with RoughIrcd() as server, Running(settings(server.port)) as bot:
        bot.ready()
        for line in STRANGE:
            server.tell(line)
        server.tell(":a!b@c PRIVMSG #lab :end")
        bot.hears("end")
        assert bot.client.connected
        assert server.connections == 1
        heard = {said.text for said in bot.heard}
        assert "\ufffd\ufffd caf\ufffd" in heard
        assert "x" * 10_000 in heard
        assert next(said for said in bot.heard if said.text == "to ops").channel == "#lab"
        assert "JOIN #elsewhere" not in server.said


def test_strange_lines_before_we_are_registered() -> None:
    with RoughIrcd(answers=False) as server, Running(settings(server.port)) as bot:
        server.wait("USER")
        for line in STRANGE:
            if b"ERROR" not in (line if isinstance(line, bytes) else line.encode()):
                server.tell(line)
        server.tell(":s 001 bot :hi", ":s 422 bot :no", ":bot!u@h JOIN #lab")
        bot.ready()


WORDS = "#lab bot ann bob +o -v +bk : :x * = @ann ! 743 433 \x01 \u202e é"
COMMANDS = "PRIVMSG NOTICE JOIN PART KICK QUIT MODE 353 366 352 354 CAP ACCOUNT 318 330"


def test_random_lines() -> None:
    chosen = random.Random(7)
    words = [*WORDS.split(" "), "", " "]
    commands = COMMANDS.split(" ")
    sources = ["ann!a@h", "bob!b@h", "s", "x!y", "NickServ!n@n"]
    with RoughIrcd() as server, Running(settings(server.port)) as bot:
        bot.ready()
        for _ in range(100):
            server.tell(
                *(
                    f":{chosen.choice(sources)} {chosen.choice(commands)} "
                    + " ".join(chosen.choices(words, k=chosen.randrange(6)))
                    for _ in range(50)
                )
            )
        server.tell(":ann!a@h PRIVMSG #lab :end", ":ann!a@h PRIVMSG bot :end")
        bot.hears("end")
        assert server.connections == 1


def test_a_mode_that_cannot_be_understood_is_asked_about() -> None:
    features = "PREFIX=(ov)@+ CHANMODES=b,k,l,imnst"
    with RoughIrcd(features=features) as server, Running(settings(server.port)) as bot:
        bot.ready()
        server.tell(":ann!a@h MODE #lab +lo bob")
        server.wait("NAMES #lab")
        server.tell(":s 353 bot = #lab :bot ann +@bob", ":s 366 bot #lab :end")
        server.tell(":bob!b@h PRIVMSG #lab :now")
        said = bot.hears("now")
        assert (said.op, said.voice) == (True, True)


def test_a_server_that_does_not_read() -> None:
    """What is said piles up in the queue, which is bounded, not in the socket's buffer."""
    with RoughIrcd() as server:
        from tests.servers.tcp import TcpProxy

        with TcpProxy(server.port) as proxy, Running(settings(proxy.port), quit=0.1) as bot:
            bot.ready()
            proxy.freeze()

            def talk() -> None:
                for number in range(40_000):
                    bot.client.say(f"nick{number % 100}", "x" * 300)

            start = time.monotonic()
            for _ in range(2):
                bot.do(talk)
            poll(lambda: bot.client.dropped > 10_000)
            assert time.monotonic() - start < 30
            assert bot.do(lambda: bot.client.connected)
            proxy.thaw()


@pytest.mark.parametrize(
    ("line", "to"),
    [
        (":s 401 bot eve :No such nick", ""),
        (":eve!u@h QUIT :bye", ""),
        (":eve!u@h NICK :eva", "eva"),
        (":s 401 bot #lab :odd", "eve"),
    ],
)
def test_what_waits_for_somebody_goes_with_them(line: str, to: str) -> None:
    with RoughIrcd() as server:
        with Running(settings(server.port, burst=1, interval=0.05)).ready() as bot:

            def talk() -> None:
                for number in range(20):
                    bot.client.say("eve", f"private {number}", turn="u@h")
                bot.client.say("ann", "end", bulk=True)

            bot.do(talk)
            server.wait("PRIVMSG eve :private 0")
            server.tell(line)
            server.wait("PRIVMSG ann :end")
            last = [text for text in server.said if ":private" in text][-1]
        assert last == f"PRIVMSG {to} :private 19" if to else "19" not in last


def test_pings_are_answered() -> None:
    with RoughIrcd() as server, Running(settings(server.port)) as bot:
        bot.ready()
        server.tell("PING :a b", ":s PING tok", "PING")
        server.wait("PONG :a b")
        server.wait("PONG :tok")


def test_quit_is_sent_even_where_the_server_does_not_close() -> None:
    with RoughIrcd(answers=False) as server:
        with Running(settings(server.port), quit=0.3) as bot:
            server.wait("USER")
            server.tell(":s 001 bot :hi", ":s 376 bot :x", ":bot!u@h JOIN #lab")
            bot.ready()
            start = time.monotonic()
            bot.stop()
            assert time.monotonic() - start < 1.5
        server.wait("QUIT :going away")
