"""The desk on IRC: who is answered, when and how often, with a real client of IRC."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labtool.services.irc.settings import Heard
from labtool.tasks.ptg.desk import Desk, Manners
from labtool.tasks.ptg.front import Front
from tests.servers.rough_ircd import RoughIrcd
from tests.services.irc.running import Running, settings
from tests.tasks.ptg.event import Chat


@contextmanager
def on_irc(chat: Chat, server: RoughIrcd, **values: Any) -> Iterator[Running]:
    """The desk of `chat` on a server; `whois` is how long services may take."""
    timing = {"whois": values.pop("whois", 5.0)}
    manners = Manners("+", "", values.get("identified_only", False))
    desk = Desk(chat.board, chat.store, manners, lambda: chat.at, chat.troubles.append)
    front = Front(desk, "bot", lambda url: {}, lambda: None)

    def hear(said: Heard) -> None:
        front.heard(said)

    with Running(settings(server.port, **values), hear=hear, **timing) as bot:
        front.client = bot.client
        yield bot.ready()


def answers(server: RoughIrcd, target: str) -> list[str]:
    start = f"PRIVMSG {target} :"
    return [line.removeprefix(start) for line in list(server.said) if line.startswith(start)]


def test_services_that_do_not_answer_are_said_once(chat: Chat) -> None:
    with RoughIrcd() as server, on_irc(chat, server, identified_only=True, whois=0.1) as bot:
        for number in range(3):
            server.tell(f":eve!u@h PRIVMSG bot :seen x{number}", ":eve!u@h PRIVMSG #lab :just talk")
            bot.hears(f"seen x{number}")
        server.answers["WHOIS"] = lambda nick: [
            f":s 311 bot {nick} u h * :x", f":s 330 bot {nick} Eve :is", f":s 318 bot {nick} :end",
        ]  # fmt: skip
        server.tell(":eve!u@h PRIVMSG bot :seen end")
        server.wait("end never checked in")
        assert answers(server, "eve") == [
            "services did not tell me in time who you are; try again later",
            "end never checked in anywhere",
        ]
        assert answers(server, "#lab") == []


def test_who_has_many_nicks_takes_turns_as_one(chat: Chat) -> None:
    with RoughIrcd() as server, on_irc(chat, server, burst=1, interval=0.05) as bot:
        asked = [f":eve{n}!u@h PRIVMSG #lab :+seen x{n}" for n in range(40)]
        server.tell(*asked, *(f":eve{n}!u@h PRIVMSG bot :seen y{n}" for n in range(40)))
        server.tell(":bob!b@h PRIVMSG #lab :+seen end")
        bot.hears("+seen end")
        server.wait("bob: end never checked in")
        assert len([line for line in server.said if "eve" in line]) < 10
