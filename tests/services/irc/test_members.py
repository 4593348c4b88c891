"""Who is where, with which rights and accounts, from lines alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.services.irc.features import Features
from labtool.services.irc.members import Members
from labtool.services.irc.wire import parse

ISUPPORT = ["PREFIX=(qaohv)~&@%+", "CHANMODES=beI,k,l,imnt", "CASEMAPPING=rfc1459", "WHOX"]


def fed(*lines: str, tokens: list[str] = ISUPPORT, at: float = 0) -> Members:
    features = Features()
    features.load(tokens)
    members = Members(features, "bot", kept=600)
    feed(members, *lines, at=at)
    return members


def feed(members: Members, *lines: str, at: float = 0) -> None:
    for text in lines:
        line = parse(text)
        if line:
            members.feed(line, at)


LAB = (
    ":bot!b@h JOIN #lab",
    ":s 353 bot = #lab :bot @ann!a@h1 +bob ~&@+cat",
    ":s 353 bot = #lab :%dan",
    ":s 366 bot #lab :end",
)


def rights(members: Members, channel: str | None = "#lab") -> dict[str, str]:
    found = {}
    for nick in ("ann", "bob", "cat", "dan", "eve"):
        op, voice = members.rights(nick, channel)
        found[nick] = "o" * op + "v" * voice
    return {nick: letters for nick, letters in found.items() if letters}


START = {"ann": "o", "bob": "v", "cat": "ov", "dan": "v"}


@pytest.mark.parametrize(
    ("mode", "changes"),
    [
        ("+v ann", {"ann": "ov"}),
        ("+ov ann bob", {}),
        ("-o+v ann ann", {"ann": "v"}),
        ("+bo *!*@x dan", {"dan": "ov"}),
        ("+l-k+o 5 key bob", {"bob": "ov"}),
        ("-l+o bob", {"bob": "ov"}),
        ("+kl-o key 9 ann", {"ann": ""}),
        ("-qao+v cat cat cat cat", {"cat": "v"}),
        ("+imnt-imnt+v ann", {"ann": "ov"}),
        ("o bob", {"bob": "ov"}),
        ("+e-v *!*@* bob", {"bob": ""}),
        ("+Zo bob", {"bob": "ov"}),  # a mode that nobody announced, without an argument
        ("+", {}),
        ("", {}),
    ],
)
def test_modes(mode: str, changes: dict[str, str]) -> None:
    members = fed(*LAB, f":x!x@x MODE #LAB {mode}")
    expected = {nick: letters for nick, letters in {**START, **changes}.items() if letters}
    assert rights(members) == expected
    assert not members.stale


@pytest.mark.parametrize(
    "mode", ["+o", "+lo bob", "+o bob ann", "+Zo 5 bob", "+o nobody", "-k+o bob", "+vvvv bob", "+b"]
)
def test_a_mode_that_makes_no_sense_is_asked_not_guessed(mode: str) -> None:
    members = fed(*LAB, f":x!x@x MODE #lab {mode}")
    assert rights(members) == START
    assert members.stale == {"#lab"}
    feed(members, ":s 353 bot = #lab :bot @bob", ":s 366 bot #lab :end")
    assert rights(members) == {"bob": "o"}
    assert not members.stale
    assert members.present("ann", 0) is None


def test_servers_without_isupport() -> None:
    members = fed(*LAB[:1], ":s 353 bot = #lab :@ann +bob", LAB[3], tokens=[])
    feed(members, ":x MODE #lab -o+vl ann ann 5")
    assert rights(members) == {"ann": "v", "bob": "v"}


def test_rights_in_private_are_those_of_any_channel() -> None:
    members = fed(
        *LAB, ":bot!b@h JOIN #other", ":s 353 bot = #other :bot @bob", ":s 366 bot #other :x"
    )
    assert members.rights("bob", "#lab") == (False, True)
    assert members.rights("bob", "#other") == (True, False)
    assert members.rights("bob", None) == (True, True)
    assert members.rights("nobody", None) == (False, False)


def test_coming_and_going() -> None:
    members = fed(*LAB, ":eve!e@h JOIN #lab", ":[o]!o@h JOIN :#lab")
    assert members.present("{O}", 0) is not None
    feed(members, ":{O} NICK :ann2", ":ann NICK eve2", ":bob PART #lab", ":x KICK #lab dan :bye")
    feed(members, ":cat QUIT", ":eve!e@h NICK :Eve")
    assert [n for n in ("ann", "bob", "cat", "dan", "[o]") if members.present(n, 0)] == []
    assert members.rights("EVE2", "#lab") == (True, False)
    eve = members.present("eve", 0)
    assert eve is not None
    assert (eve.nick, eve.host) == ("Eve", "e@h")
    feed(members, ":x KICK #lab bot")
    assert not members.inside("#lab")
    assert members.present("eve2", 0) is None


def test_our_own_nick() -> None:
    members = fed(*LAB, ":bot NICK :bot2")
    assert members.is_me("BOT2")
    feed(members, ":bot2 PART #lab")
    assert not members.inside("#lab")


def test_rejoining_begins_anew() -> None:
    members = fed(*LAB, ":bot JOIN #lab")
    assert rights(members) == {}
    assert members.present("ann", 0) is None


def test_accounts_from_every_source() -> None:
    members = fed(
        *LAB,
        ":eve!e@h JOIN #lab Eva :Eve",
        ":fox!f@h JOIN #lab * :Fox",
        ":s 354 bot 743 a h1 ann H@ Ann",
        ":s 354 bot 743 b h2 bob H 0",
        ":s 354 bot 9 c h2 cat H Cat",
        ":dan ACCOUNT Dan",
    )
    line = parse(":cat!c@h PRIVMSG bot :x")
    assert line is not None
    assert members.account(line, 0) == (False, None)
    known = {}
    for nick in ("ann", "bob", "dan", "eve", "fox"):
        line = parse(f":{nick}!x@h PRIVMSG bot :x")
        assert line is not None
        known[nick] = members.account(line, 0)
    assert known == {
        "ann": (True, "Ann"), "bob": (True, None), "dan": (True, "Dan"), "eve": (True, "Eva"),
        "fox": (True, None),
    }  # fmt: skip
    assert [one.nick for one in members.with_account("DAN", 0)] == ["dan"]
    feed(members, ":dan ACCOUNT *")
    assert members.with_account("dan", 0) == []


def test_an_account_is_forgotten_with_its_nick_and_in_time() -> None:
    members = fed(*LAB, ":dan ACCOUNT Dan")
    line = parse(":dan!d@h PRIVMSG bot :x")
    assert line is not None
    assert members.account(line, 599) == (True, "Dan")
    assert members.account(line, 601) == (False, None)
    members.notified = True
    assert members.account(line, 9999) == (True, "Dan")
    feed(members, ":dan QUIT :x", ":dan JOIN #lab")
    assert members.account(line, 0) == (False, None)
    members.learn("dan", "Dan", 0)
    feed(members, ":dan PART #lab", ":dan JOIN #lab")
    assert members.account(line, 0) == (False, None)


def test_tags_say_it_on_each_line() -> None:
    members = fed(*LAB)
    members.tagged = True
    with_tag, without = (
        parse("@account=Ann :ann!a@h PRIVMSG bot :x"),
        parse(":ann!a@h PRIVMSG b :x"),
    )
    assert with_tag is not None
    assert without is not None
    members.feed(with_tag, 0)
    assert members.account(with_tag, 0) == (True, "Ann")
    assert [one.nick for one in members.with_account("ann", 0)] == ["ann"]
    members.feed(without, 0)
    assert members.with_account("ann", 0) == []
    assert members.account(without, 0) == (True, None)


_WORDS = """#lab #LAB #other bot ann bob {a} [A] x @ann +bob @+cat = * 743 743 0 +o -v +ov -l +k +q
o , +b+b-o a!b@c : #lab,#other +vov 5 é -oooo"""
_COMMANDS = "JOIN PART KICK QUIT NICK MODE 353 366 354 352 ACCOUNT CHGHOST PRIVMSG"
WORD = st.sampled_from(_WORDS.split())
LINES = st.lists(
    st.tuples(
        st.sampled_from(["bot!b@h", "ann!a@h", "bob", "[a]!x@y", "s", ""]),
        st.sampled_from(_COMMANDS.split()),
        st.lists(WORD, max_size=7),
    ),
    max_size=60,
)


@given(LINES)
def test_no_line_breaks_it(lines: list[tuple[str, str, list[str]]]) -> None:
    members = fed(*LAB)
    for source, command, words in lines:
        feed(members, f":{source} {command} {' '.join(words)}" if source else command)
        for key, names in members._channels.items():
            for name in names:
                assert key in members._people[name].channels
        for name, person in members._people.items():
            assert person.channels
            assert members._fold(person.nick) == name
            for key in person.channels:
                assert name in members._channels[key]


@given(st.text(), st.text(), st.text())
def test_features_take_any_value(prefix: str, chanmodes: str, mapping: str) -> None:
    features = Features()
    features.load([f"PREFIX={prefix}", f"CHANMODES={chanmodes}", f"CASEMAPPING={mapping}", "=", ""])
    features.load([f"NICKLEN={prefix}", "CHANTYPES=", "WHOX", "-WHOX"])
    assert features.is_op("o")
    assert not features.is_channel("")


def test_case_mappings() -> None:
    features = Features()
    assert features.fold("A[]\\~") == "a{}|^"
    features.load(["CASEMAPPING=strict-rfc1459"])
    assert features.fold("A[]\\~É") == "a{}|~É"
    features.load(["CASEMAPPING=ascii"])
    assert features.fold("A[]\\~") == "a[]\\~"
