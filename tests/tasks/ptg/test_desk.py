"""What each command answers and changes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labtool.tasks.ptg.call import Notice, Speaker
from tests.tasks.ptg.event import Chat, document


class TestEverybody:
    def test_checking_in_and_out(self, chat: Chat) -> None:
        assert chat.ask("in #nova") == ["OK, checked into #nova - thanks for the update!"]
        assert chat.ask("+in NOVA") == ["OK, checked into #nova - thanks for the update!"]
        assert chat.say("+seen BOB") == ["Bob was last seen in #nova at 10:00 MST"]
        chat.at += timedelta(minutes=5)
        assert chat.ask("out") == ["OK, checked out of #nova - thanks for the update!"]
        assert chat.ask("out") == ["you checked out of #nova at 10:05 MST already"]
        assert chat.say("#seen bob") == ["Bob checked out of #nova at 10:05 MST"]
        assert chat.board.data["last_check_in"] == {
            "bob": {
                "nick": "Bob",
                "location": "#nova",
                "in": "2026-11-24T17:00:00.000Z",
                "out": "2026-11-24T17:05:00.000Z",
            }
        }

    def test_places_of_any_kind(self, chat: Chat) -> None:
        assert chat.ask("in the pub #2") == ["OK, checked into the pub #2 - thanks for the update!"]
        assert chat.ask("in #nvoa") == ["there is no track #nvoa; did you mean #nova?"]
        assert chat.ask("in") == ["something is missing: in #TRACK or LOCATION"]
        assert chat.ask("in " + "x" * 101)[0].startswith("that is a long name")
        assert chat.ask("out now") == ["out takes nothing more: out"]
        assert chat.ask("out", nick="Nobody") == ["you were not checked in anywhere"]
        assert chat.board.get("last_check_in", "bob", "location") == "the pub #2"

    def test_where_and_seen(self, chat: Chat) -> None:
        assert chat.say("+where bob") == ["bob is not checked in anywhere"]
        assert chat.say("+seen bob") == ["bob never checked in anywhere"]
        chat.ask("in nova")
        assert chat.say("+where bob") == ["Bob is in #nova (Ballroom A) since 10:00 MST"]
        chat.ask("out")
        chat.at += timedelta(days=1)
        assert chat.say("+where BOB") == [
            "Bob is not checked in anywhere; last in #nova, until 10:00 MST on Tuesday 24 November"
        ]

    def test_times_that_another_bot_wrote_are_shown_as_they_are(self, chat: Chat) -> None:
        entry = {"nick": "Zoe", "location": "bar", "in": "noon", "out": None}
        chat.board.data["last_check_in"] = {"zoe": entry}
        assert chat.say("+seen zoe") == ["Zoe was last seen in bar at noon"]

    def test_what(self, chat: Chat) -> None:
        assert chat.say("+what") == ["no track has said what it discusses"]
        chat.say("#nova now multi attach")
        chat.say("#nova next a")
        chat.say("#nova next b")
        topic = "#nova (Ballroom A) now: multi attach; next: a / b"
        assert chat.say("+what #NOVA") == chat.say("+what nova") == chat.say("+what") == [topic]
        assert chat.say("+what cinder") == ["#cinder (Vail - North) nothing now"]
        assert chat.say("+what nov") == ["there is no track #nov; did you mean #nova?"]

    def test_what_of_many_tracks_is_told_in_private(self, chat: Chat) -> None:
        chat.say("~add a1 b1 c1 d1")
        for track in ("nova", "a1", "b1", "c1", "d1", "cinder"):
            chat.say(f"#{track} now x")
        outcome = chat.hear(Speaker("Bob", channel="#event"), "+what")
        assert outcome is not None
        assert [answer.alone for answer in outcome.answers] == [False] + [True] * 6

    def test_subscriptions(self, chat: Chat) -> None:
        assert chat.ask("subscribe") == ["you have no subscription yet"]
        assert chat.ask("unsubscribe") == ["you have no subscription yet"]
        assert chat.ask("subscribe #nova.*test") == ["subscription set to #nova.*test"]
        assert chat.ask("subscribe CINDER") == ["subscription set to CINDER (was #nova.*test)"]
        assert chat.ask("subscribe") == ["your subscription is: CINDER"]
        assert chat.ask("subscribe (") == ["I cannot match that regular expression: missing ): ("]
        outcome = chat.hear(Speaker("Ann", channel="#event"), "#nova now with #cinder")
        assert outcome is not None
        assert outcome.notices == [
            Notice("bob", "host:bob@host", "now in #nova (Ballroom A): with #cinder")
        ]
        assert chat.ask("unsubscribe") == ["cancelled your subscription CINDER"]
        assert chat.board.data["subscriptions"] == {"bob": None}

    def test_who_takes_a_nick_does_not_own_its_subscription(self, chat: Chat) -> None:
        chat.ask("subscribe secret", account="bob")
        other = Speaker("Bob", "mallory@elsewhere")
        for text in ("subscribe", "unsubscribe"):
            outcome = chat.hear(other, text)
            assert outcome is not None
            assert [a.text for a in outcome.answers] == ["you have no subscription yet"]
        outcome = chat.hear(other, "subscribe zzz")
        assert outcome is not None
        assert "belongs to somebody else" in outcome.answers[0].text
        assert chat.board.get("subscriptions", "bob") == "secret"
        assert chat.ask("subscribe", account="bob") == ["your subscription is: secret"]

    def test_help(self, chat: Chat) -> None:
        user, track, url = chat.ask("help")
        assert "subscribe [REGEXP]" in user
        assert "#TRACK delay MINUTES" in track
        assert "https://help.example.org" in url
        assert len(chat.ask("help", op=True)) == 4
        [answer] = chat.ask("sbuscribe x")
        assert answer == "I do not know sbuscribe; did you mean subscribe or unsubscribe?"
        assert chat.ask("good day")[0].startswith("I do not know good; there are in, out, seen")


class TestModerators:
    def test_now_and_next(self, chat: Chat) -> None:
        assert chat.say("#nova now one") == ["now in #nova (Ballroom A): one"]
        chat.say("#nova next two")
        chat.say("#nova next three")
        assert chat.board.data["next"] == {"nova": ["two", "three"]}
        chat.say("#NOVA NOW four")
        assert chat.board.data["now"] == {"nova": "four"}
        assert chat.board.data["next"] == {}
        assert chat.board.data["location"] == {"nova": "Ballroom A"}
        assert chat.say("#nova clean") == ["cleaned #nova"]
        assert chat.say("#nova clear") == ["#nova is clean already"]
        assert chat.board.data["now"] == {}

    def test_a_track_that_is_not_scheduled_today(self, chat: Chat) -> None:
        [answer] = chat.say("#infra now hello")
        assert answer == "now in #infra: hello (note: #infra has no room scheduled today)"
        assert chat.board.data["location"] == {}

    def test_the_room_follows_the_schedule_unless_set_by_hand(self, chat: Chat) -> None:
        chat.board.data["schedule"]["Vail - North"]["TueP2"] = "nova"
        chat.say("#nova now one")
        chat.at += timedelta(hours=6)  # TueP2
        chat.say("#nova now two")
        assert chat.board.data["location"] == {"nova": "Vail - North"}
        assert chat.say("#nova location the roof") == ["#nova is in the roof now"]
        chat.say("#nova now three")
        assert chat.board.data["location"] == {"nova": "the roof"}

    def test_a_fresh_board(self, tmp_path: Any) -> None:
        chat = Chat(tmp_path / "new.json")
        chat.say("~add nova")
        assert chat.say("#nova now x")[0].startswith("now in #nova: x (note")
        assert chat.say("#nova book x-y") == ["there is no slot x-y; no slot is free"]

    def test_booking(self, chat: Chat) -> None:
        assert chat.say("#infra book aspen-tuep1") == ["Aspen is booked on TueP1 for #infra"]
        assert chat.say("#infra book Vail - North-TueA1") == [
            "Vail - North is booked on TueA1 for #infra"
        ]
        assert chat.say("#infra book Ballroom A-TueA1") == [
            "Ballroom A-TueA1 is taken by #nova; free today: Aspen-TueP2"
        ]
        for nonsense in ("Aspen-url", "Aspen-desc", "Ballroom A-url", "Aspen", "-", "Aspen-TueA9"):
            assert chat.say(f"#infra book {nonsense}")[0].startswith("there is no slot")
        assert chat.say("#nova unbook Aspen-TueP1")[0].startswith("Aspen-TueP1 is no slot of #nova")
        assert chat.say("#infra unbook Aspen-TueP1") == [
            "Aspen (booked for #infra before) is free again on TueP1"
        ]
        assert chat.board.get("schedule", "Aspen", "TueP1") == ""
        assert chat.board.get("schedule", "Ballroom A", "url") == "http://meet.example.org/a"

    def test_links_and_colours(self, chat: Chat) -> None:
        chat.say("#nova etherpad https://pad.example.org/nova")
        chat.say("#nova url HTTP://meet.example.org/x")
        chat.say("#nova color teal")
        assert chat.board.data["etherpads"] == {"nova": "https://pad.example.org/nova"}
        for bad in ("javascript:alert(1)", "http://", "https://a b", "data:x", "//x", "https://[x"):
            assert "is no web address" in chat.say(f"#nova url {bad}")[0]
        assert "is no CSS colour" in chat.say("#nova color red;}body{")[0]
        chat.say("#nova etherpad AUTO")
        chat.say("#nova url none")
        assert chat.board.data["etherpads"] == chat.board.data["urls"] == {}
        assert chat.board.data["colors"] == {"nova": "teal"}

    def test_delay(self, chat: Chat) -> None:
        chat.ask("subscribe nova")
        chat.ask("subscribe #cinder now", nick="Carl")
        outcome = chat.hear(Speaker("Ann", channel="#event"), "#nova delay 15")
        assert outcome is not None
        late = "TueA2 15 minutes later, TueP1 15 minutes later"
        assert [a.text for a in outcome.answers] == [f"#nova: {late}"]
        assert [(n.nick, n.text) for n in outcome.notices] == [
            ("bob", f"#nova (Ballroom A) is delayed: {late}")
        ]
        chat.say("#nova delay 5")
        assert chat.board.data["delays"] == {"nova": {"TueA2": 20, "TueP1": 20}}
        outcome = chat.hear(Speaker("Ann", channel="#event"), "#cinder delay -10")
        assert outcome is not None
        assert [n.nick for n in outcome.notices] == ["carl"]
        chat.say("#nova delay 0")
        assert chat.board.data["delays"] == {"cinder": {"TueA2": -10, "TueP1": -10}}
        assert chat.say("#infra delay 5") == ["#infra has no later slot today"]
        assert "by how many minutes" in chat.say("#nova delay soon")[0]
        assert "more than" in chat.say("#nova delay 99999999999999999999")[0]

    def test_what_is_wrong_is_answered(self, chat: Chat) -> None:
        assert chat.say("#nova") == chat.say("+#nova")
        assert chat.say("#nova now") == ["something is missing: #TRACK now TOPIC"]
        assert chat.say("#nova clean up") == ["clean takes nothing more: #TRACK clean"]
        assert chat.say("#nova nwo x") == ["I do not know #nova nwo; did you mean #nova now?"]
        assert chat.say("#nova talks about x") == [
            "I do not know talks; did you mean: #nova now talks about x?"
        ]
        assert chat.say("#nvoa now x") == ["there is no track #nvoa; did you mean #nova?"]
        assert chat.say("#xyz now x") == [
            "there is no track #xyz; there are #cinder #infra #nova #swift"
        ]
        assert chat.say("#nova now " + "x" * 501) == ["that has 501 characters; 500 at most"]

    def test_voice(self, chat: Chat) -> None:
        assert chat.say("#nova now x", op=False) == ["now in #nova (Ballroom A): x"]
        chat.say("~requirevoice")
        refused = "that takes voice (+v) in the channel, as the operators want it"
        assert chat.say("#nova now y", op=False) == [refused]
        assert chat.say("#nova now y", op=False, voice=True) == ["now in #nova (Ballroom A): y"]
        assert chat.say("#nova now z", op=True) == ["now in #nova (Ballroom A): z"]
        chat.say("~alloweveryone")
        assert chat.say("#nova now w", op=False) == ["now in #nova (Ballroom A): w"]
        assert chat.board.data["voice"] == 0


class TestOperators:
    def test_only_they_may(self, chat: Chat) -> None:
        for command in ("list", "add x", "emptydb", "fetchdb http://x.example", "undo", "newday"):
            refused = ["that takes an operator of the channel (+o)"]
            assert chat.say(f"~{command}", op=False, voice=True) == refused
            assert chat.ask(f"~{command}") == refused

    def test_tracks(self, chat: Chat) -> None:
        assert chat.say("~list") == ["tracks: cinder infra nova swift"]
        assert chat.say("~add #API-sig qa nova ../../x seen") == [
            "#nova is there already",
            "../../x cannot name a track: use a-z, 0-9, . _ + - and at most 50 of them",
            "seen cannot name a track: it is a command",
            "added #api-sig #qa",
        ]
        assert chat.board.tracks == ["api-sig", "cinder", "infra", "nova", "qa", "swift"]
        chat.say("#nova now x")
        assert chat.say("~del nova nope") == [
            "there is no track #nope",
            "deleted #nova; 5 slots are free again",
        ]
        assert chat.board.data["now"] == {}
        assert chat.board.get("schedule", "Ballroom A", "TueA1") == ""
        chat.say("#cinder now x")
        assert chat.say("~clean CINDER") == ["cleaned #cinder"]
        assert chat.board.data["now"] == {}

    def test_a_new_day(self, chat: Chat) -> None:
        chat.say("#nova now x")
        chat.say("#nova delay 5")
        chat.ask("in nova")
        chat.ask("subscribe nova")
        chat.say("~newday")
        data = chat.board.data
        assert data["now"] == data["location"] == data["last_check_in"] == data["delays"] == {}
        assert data["subscriptions"] == {"bob": "nova"}

    def test_messages_of_the_day(self, chat: Chat) -> None:
        for text in ("info one", "DANGER two", "success three"):
            chat.say(f"~motd add {text}")
        assert [m["message"] for m in chat.board.data["motd"]] == ["one", "two", "three"]
        assert chat.board.data["motd"][1]["level"] == "danger"
        assert chat.say("~motd reorder 3 1") == ["reordered; 1 removed"]
        assert chat.say("~motd del 1") == ["removed; 1 left"]
        assert [m["message"] for m in chat.board.data["motd"]] == ["one"]
        for bad in ("del 0", "del 2", "del x", "reorder", "del ²", "del -1", f"del {'1' * 5000}"):
            assert chat.say(f"~motd {bad}") == ["say which messages by number, from 1; there are 1"]
        for bad in ("add loud x", "add info", "add"):
            assert "a LEVEL is one of info, success, warning, danger" in chat.say(f"~motd {bad}")[0]
        one, what = chat.say("~motd")
        assert one == "1: [info] one"
        assert what.startswith("what about the messages of the day?")
        chat.say("~motd clean")
        assert chat.board.data["motd"] == []

    def test_undo(self, chat: Chat) -> None:
        assert chat.say("~undo") == ["there is nothing to take back"]
        chat.say("#nova now one")
        chat.say("#nova next two")
        chat.say("#nova now three", nick="Carl")
        chat.ask("in nova")
        assert chat.say("~undo") == ["took back: #nova now three (by Carl, 10:00 MST)"]
        assert chat.board.data["now"] == {"nova": "one"}
        assert chat.board.data["next"] == {"nova": ["two"]}
        assert "bob" in chat.board.data["last_check_in"]
        chat.say("~undo")
        chat.say("~undo")
        assert chat.board.data["now"] == chat.board.data["next"] == {}
        assert chat.say("~undo") == ["there is nothing to take back"]

    def test_what_changes_nothing_is_not_taken_back(self, chat: Chat) -> None:
        chat.say("#nova now one")
        chat.say("#nova now one")
        chat.say("~requirevoice")
        chat.say("~requirevoice")
        assert chat.say("~undo")[0].startswith("took back: ~requirevoice")
        assert chat.say("~undo")[0].startswith("took back: #nova now one")
        assert chat.board.data["now"] == {}

    def test_undo_of_emptydb_keeps_what_came_since(self, chat: Chat) -> None:
        chat.ask("in nova")
        chat.ask("in the pub", nick="Carl")
        chat.ask("subscribe x", nick="Carl")
        before = dict(chat.board.data)
        assert chat.say("~emptydb") == ["the database is empty; ~undo brings it back"]
        assert chat.board.tracks == []
        assert chat.board.data["last_check_in"] == {}
        chat.ask("in the garden")
        assert chat.say("~undo") == [
            "took back: ~emptydb (by Ann, 10:00 MST); what changed since stays (1)"
        ]
        assert chat.board.get("last_check_in", "bob", "location") == "the garden"
        assert chat.board.get("last_check_in", "carl", "location") == "the pub"
        outcome = chat.hear(Speaker("Ann", channel="#event"), "#nova now x")
        assert outcome is not None
        assert [notice.nick for notice in outcome.notices] == ["carl"]
        for key in ("tracks", "slots", "schedule", "something else"):
            assert chat.board.data[key] == before[key]

    def test_fetched(self, chat: Chat) -> None:
        speaker = Speaker("Ann", channel="#event", op=True)
        outcome = chat.hear(speaker, "~fetchdb https://example.org/db.json")
        assert outcome is not None
        assert outcome.fetch == "https://example.org/db.json"
        chat.say("#nova now x")
        brought = {"schedule": {"Hall": {"TueA1": "qa", "TueA2": ""}}, "motd": [], "voice": 1}
        before = chat.board.data | {}
        done = chat.desk.fetched(speaker, outcome.fetch, brought)
        assert [a.text for a in done.answers] == ["done: 5 tracks, 1 room; ~undo takes it back"]
        assert chat.board.data["schedule"] == {"Hall": {"TueA1": "qa", "TueA2": ""}}
        assert chat.board.tracks == ["cinder", "infra", "nova", "qa", "swift"]
        assert set(chat.board.data["colors"]) == set(chat.board.tracks)
        assert chat.board.data["now"] == {"nova": "x"}
        assert chat.board.data["slots"] == before["slots"]
        chat.say("~undo")
        assert chat.board.data["schedule"] == document()["schedule"]
        assert chat.board.data["voice"] == 0
        assert "~fetchdb ftp" not in chat.say("~fetchdb ftp://x")[0]


class TestWithoutEnd:
    """Anybody may come under ten thousand nicks."""

    def test_check_ins(self, tmp_path: Path) -> None:
        entry = {"location": "x", "in": "2026-11-24T10:00:00Z", "out": None}
        start = document() | {
            "last_check_in": {f"n{i}": entry | {"nick": f"n{i}"} for i in range(10_000)}
        }
        start["last_check_in"]["n7"]["out"] = "2026-11-24T11:00:00Z"
        start["last_check_in"]["n9"]["in"] = "2026-11-23T10:00:00Z"
        chat = Chat(tmp_path / "ptg.json", start)
        for nick in ("Ann", "Bob"):
            assert chat.ask("in nova", nick=nick)[0].startswith("OK, checked into #nova")
        known = chat.board.data["last_check_in"]
        assert len(known) == 10_000
        assert {"ann", "bob"} <= set(known)
        assert {"n7", "n9"}.isdisjoint(known)

    def test_subscriptions_of_one(self, chat: Chat) -> None:
        said = [chat.ask("subscribe x", nick=f"n{i}", account="ann")[0] for i in range(21)]
        assert said[19] == "subscription set to x"
        assert said[20].startswith("you have 20 subscriptions under other nicks")
        chat.ask("unsubscribe", nick="n3", account="ann")
        assert chat.ask("subscribe x", nick="n99", account="ann") == ["subscription set to x"]

    def test_subscriptions_of_all(self, tmp_path: Path) -> None:
        start = document() | {"subscriptions": {f"n{i}": "x" for i in range(5_000)}}
        chat = Chat(tmp_path / "ptg.json", start)
        assert chat.ask("subscribe x") == ["there are 5000 subscriptions, more than I can keep"]
        chat.ask("unsubscribe", nick="n3")
        assert chat.ask("subscribe x") == ["subscription set to x"]
        assert len(chat.board.data["subscriptions"]) == 5_000


WORDS = """
#nova #NOVA #x now next clean book unbook delay 5 -3 Aspen-TueP1 ~add ~del ~undo ~emptydb
~newday ~motd add del reorder info 1 2 in out + +what +where bob seen subscribe unsubscribe
nova.* ( location url none http://x.example/ color teal ~requirevoice ~alloweveryone __proto__
../../x help ~list
"""
LINES = st.one_of(
    st.text(max_size=60),
    st.builds(
        " ".join,
        st.lists(st.sampled_from([*WORDS.split(), "\u202e", "\x03", ""]), max_size=5),
    ),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(LINES, st.booleans()), max_size=25))
def test_after_any_talk_the_files_hold_the_board(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, bool]]
) -> None:
    """What a killed bot finds when it comes back is what the last one answered by; and no
    answer is an exception's text."""
    chat = Chat(tmp_path_factory.mktemp("event") / "ptg.json", document())
    for text, private in lines:
        speaker = Speaker("Ann", "a@h", channel="" if private else "#event", op=True)
        outcome = chat.hear(speaker, text)
        for answer in outcome.answers if outcome else ():
            assert "Error" not in answer.text
            assert "Traceback" not in answer.text
    held = chat.board.data
    chat.open()
    assert chat.board.data == held
    assert chat.troubles == []
