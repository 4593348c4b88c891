"""Talk on a real server: what is heard and said, by whom and with which rights."""

from collections.abc import Callable

import pytest

from labtool.services.irc.settings import Heard
from tests.lab import poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Ngircd
from tests.services.irc.running import Running, settings

Name = Callable[[str], str]
Person = Callable[..., IrcUser]


@pytest.fixture
def chat(ngircd: Ngircd, name: Name) -> Callable[..., Running]:
    """A client for a channel of the test's own."""

    def start(**values: object) -> Running:
        timing = {key: values.pop(key) for key in ("steady", "quit") if key in values}
        chosen = settings(
            ngircd.port, **{"nick": name("bot"), "channels": (name("#lab"),), **values}
        )
        return Running(chosen, **timing)  # type: ignore[arg-type]

    return start


def test_channel_and_private(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    ann = person(ngircd, "ann", join=name("#lab"))
    with chat() as bot:
        bot.ready()
        ann.say(name("#LAB"), "+in #nova \x0304,01red\x03 \x02bold\x0f\tend")
        said = bot.hears("+in #nova red bold end")
        assert said == Heard(
            ann.nick,
            f"~{ann.nick[:8]}@127.0.0.1",
            None,
            name("#lab"),
            said.text,
            op=True,
            voice=False,
        )
        ann.say(name("bot"), "out")
        assert bot.hears("out").channel is None
        bot.say(name("#lab"), "hello\n\nall\r\nof you")
        bot.say(ann.nick, "psst")
        assert ann.wait("PRIVMSG").endswith(f"PRIVMSG {name('#lab')} :hello")
        ann.wait(":all")
        ann.wait(":of you")
        assert ann.wait("psst").endswith(f"PRIVMSG {ann.nick} :psst")
        poll(lambda: bot.flushed)


def test_rights_follow_modes(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    bob = person(ngircd, "bob", join=lab)
    with chat() as bot:
        bot.ready()

        def rights(text: str, target: str = lab) -> tuple[bool, bool]:
            bob.say(target, text)
            said = bot.hears(text)
            return said.op, said.voice

        assert rights("1") == (False, False)
        ann.send(f"MODE {lab} +vlo {bob.nick} 20 {bob.nick}")
        ann.wait("MODE")
        assert rights("2") == (True, True)
        assert rights("3", name("bot")) == (True, True)
        ann.send(f"MODE {lab} -o+kb {bob.nick} key *!*@nowhere")
        ann.wait("MODE")
        assert rights("4") == (False, True)
        ann.send(f"MODE {lab} -lk+i-v key {bob.nick}")
        ann.wait("MODE")
        assert rights("5") == (False, False)
        ann.send(f"MODE {lab} +h {bob.nick}")
        ann.wait("MODE")
        assert rights("6") == (False, True)
        ann.send(f"MODE {lab} +a {bob.nick}", f"MODE {lab} +o {bob.nick}")
        ann.wait("+o")
        bob.send(f"NICK {name('robert')}")
        bob.wait("NICK")
        assert rights("7") == (True, True)


def test_those_who_were_there_first_keep_both_rights(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    ann.send(f"MODE {lab} +v {ann.nick}")
    ann.wait("MODE")
    with chat() as bot:
        bot.ready()
        ann.say(name("bot"), "hi")
        said = bot.hears("hi")
        assert (said.op, said.voice) == (True, True)
        member = bot.do(lambda: bot.client.present(ann.nick.upper()))
        assert member is not None
        assert member.host.endswith("@127.0.0.1")
        assert member.nick == ann.nick


def test_who_comes_and_goes(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    with chat() as bot:
        bot.ready()

        def there(nick: str) -> bool:
            return bot.do(lambda: bot.client.present(nick)) is not None

        bob = person(ngircd, "bob", join=lab)
        poll(lambda: there(bob.nick))
        bob.send(f"PART {lab}")
        poll(lambda: not there(bob.nick))
        bob.join(lab)
        poll(lambda: there(bob.nick))
        ann.send(f"KICK {lab} {bob.nick} :out")
        poll(lambda: not there(bob.nick))
        ann.send(f"NICK {name('[o]`^')}")
        poll(lambda: there(name("[o]`^")) and not there(ann.nick))
        ann.close()
        poll(lambda: not there(name("[o]`^")))


def test_no_talk_among_bots(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab, me = name("#lab"), name("bot")
    ann = person(ngircd, "ann", join=lab)
    with chat() as bot:
        bot.ready()
        ann.send(
            f"NOTICE {lab} :notice", f"NOTICE {me} :notice",
            f"PRIVMSG {lab} :\x01ACTION waves\x01", f"PRIVMSG {me} :\x01ACTION waves\x01",
            f"PRIVMSG {me} :\x01DCC SEND x 2130706433 1 1\x01", f"PRIVMSG {me} :\x01",
            f"PRIVMSG {me} :\x01DCC\x01", f"PRIVMSG {me} :\x01\x01", f"PRIVMSG {me} :\x01PING",
            f"PRIVMSG {me} : ", f"PRIVMSG {me} :\x02\x03", f"PRIVMSG {lab} :\x01VERSION\x01",
        )  # fmt: skip
        for number in range(10):
            ann.say(me, f"\x01PING {number}\x01")
        ann.say(me, "end")
        bot.hears("end")
        assert [said.text for said in bot.heard] == ["end"]
        bot.say(ann.nick, "done")
        ann.wait(":done")
        replies = [line for line in ann.lines if " NOTICE " in line and "bot" in line[:6]]
        assert 1 <= len(replies) <= 3
        assert all(line.endswith("\x01") for line in replies)
        assert not any("VERSION" in line for line in replies)  # that was asked in a channel


def test_long_lines_arrive_whole(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    words = [f"wörd{number}🧪" for number in range(300)]
    with chat() as bot:
        bot.ready()
        bot.say(lab, " ".join(words))
        bot.say(lab, "end")
        ann.wait(":end")
        texts = ann.texts()[:-1]
        assert " ".join(texts).split() == words
        lines = [line for line in ann.lines if " PRIVMSG " in line][:-1]
        sizes = [len(line.encode()) + 2 for line in lines]
        assert max(sizes) <= 512
        assert min(sizes[:-1]) > 490  # the room is used


def test_text_never_becomes_a_command(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    with chat() as bot:
        bot.ready()
        for target in ("", " ", f"{lab},{ann.nick}", f"{lab} x", ":x", "$*", "a\r\nQUIT", "*"):
            bot.say(target, "never")
        bot.say(lab, "a\r\nQUIT :b\0c\x01d\nPART #x")
        bot.say(lab, "\x01ACTION x\x01")
        bot.say(lab, "end")
        ann.wait(":end")
        assert ann.texts() == ["a", "QUIT :bcd", "PART #x", "ACTION x", "end"]
        assert bot.client.connected


def test_an_error_in_the_handler_is_passed_on(ngircd: Ngircd, name: Name, person: Person) -> None:
    def fail(said: Heard) -> None:
        raise ValueError(said.text)

    ann = person(ngircd, "ann", join=name("#lab"))
    chosen = settings(ngircd.port, nick=name("bot"), channels=(name("#lab"),))
    with Running(chosen, hear=fail, bugs=True) as bot:
        bot.ready()
        ann.say(name("bot"), "one")
        ann.say(name("bot"), "two")
        bot.hears("two")
        assert [str(error) for error in bot.oops] == ["one", "two"]
        assert bot.client.connected


def test_quit(chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person) -> None:
    ann = person(ngircd, "ann", join=name("#lab"))
    with chat(quit_message="see you") as bot:
        bot.ready()
        bot.stop()
        assert "see you" in ann.wait("QUIT")


def test_a_bystander_does_not_wait(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    bob = person(ngircd, "bob", join=lab)
    with chat(burst=2, interval=0.1) as bot:
        bot.ready()

        def talk() -> None:
            for number in range(200):
                bot.client.say(ann.nick, f"note {number}", bulk=True)
            bot.client.say(ann.nick, "\n".join(f"long answer {n}" for n in range(80)))
            bot.client.say(bob.nick, "quick")

        bot.do(talk)
        bob.wait("quick", 1)
        assert len(ann.texts()) < 10
        assert all("long" in text for text in ann.texts())


def test_what_is_private_follows_who_changes_nick(
    chat: Callable[..., Running], ngircd: Ngircd, name: Name, person: Person
) -> None:
    lab, old = name("#lab"), name("ann")
    ann = person(ngircd, "ann", join=lab)
    with chat(burst=2, interval=0.1) as bot:
        bot.ready()
        bot.do(lambda: bot.client.say(old, "\n".join(f"private {n}" for n in range(10))))
        ann.wait("private 0")
        ann.send(f"NICK {name('anna')}")
        ann.wait("NICK")
        thief = person(ngircd, old, exact=True)
        ann.wait("private 9")
        assert len([text for text in ann.texts() if "private" in text]) >= 9
        assert len(thief.texts()) <= 1  # what was on its way
