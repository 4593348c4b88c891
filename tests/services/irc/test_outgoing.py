"""What waits to be said: order, fairness, bounds and speed, without a clock."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from labtool.services.irc.outgoing import Bucket, Outgoing

ITEMS = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.floats(0, 3)), max_size=120)


def free() -> Outgoing:
    return Outgoing(Bucket(1, 0))


def everything(outgoing: Outgoing) -> list[tuple[str, str]]:
    found = []
    while (item := outgoing.take(0)) is not None:
        found.append(item)
    return found


@given(ITEMS)
def test_order_is_kept_and_nothing_is_lost_within_the_bounds(
    items: list[tuple[str, bool, float]],
) -> None:
    outgoing = Outgoing(Bucket(1, 0), each=120)
    put = defaultdict(list)
    for number, (target, bulk, _) in enumerate(items):
        outgoing.say(target, str(number), bulk=bulk)
        put[target, bulk].append(str(number))
    found = everything(outgoing)
    assert len(found) == len(items)
    replies = sum(not bulk for _, bulk, _ in items)
    kinds = {str(number): bulk for number, (_, bulk, _) in enumerate(items)}
    assert not any(kinds[line] for _, line in found[:replies])
    got = defaultdict(list)
    for target, line in found:
        got[target, kinds[line]].append(line)
    assert got == put
    assert outgoing.dropped == 0
    assert outgoing.wait(0) is None


@given(ITEMS, st.integers(1, 6), st.floats(0.01, 2))
def test_the_rate_never_exceeds_the_bucket(
    items: list[tuple[str, bool, float]], burst: int, interval: float
) -> None:
    outgoing = Outgoing(Bucket(burst, interval))
    now, sent = 100.0, []
    for target, bulk, pause in items:
        outgoing.say(target, "x", bulk=bulk)
        while outgoing.take(now) is not None:
            sent.append(now)
        now += pause
    while (wait := outgoing.wait(now)) is not None:
        now += wait
        assert outgoing.take(now) is not None  # what `wait` says is enough
        sent.append(now)
    assert len(sent) == len(items)
    for at, first in enumerate(sent):
        for count, last in enumerate(sent[at:], 1):
            assert count <= burst + (last - first) / interval + 1e-3


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 40))
def test_a_bystander_is_next(replies: int, bulk: int, taken: int) -> None:
    outgoing = free()
    for number in range(bulk):
        outgoing.say(f"n{number % 7}", "note", bulk=True)
    for _ in range(replies):
        outgoing.say("ann", "long")
    for _ in range(taken):
        outgoing.take(0)
    outgoing.say("bob", "quick")
    assert ("bob", "quick") in [outgoing.take(0), outgoing.take(0)]


def test_turns() -> None:
    outgoing = free()
    for line in "123":
        outgoing.say("ann", line)
    outgoing.say("bob", "1")
    outgoing.say("BOB", "2")
    outgoing.say("cat", "note", bulk=True)
    outgoing.command("WHOIS x")
    outgoing.command("WHOIS x")
    assert everything(outgoing) == [
        ("", "WHOIS x"), ("ann", "1"), ("bob", "1"), ("ann", "2"), ("BOB", "2"), ("ann", "3"),
        ("cat", "note"),
    ]  # fmt: skip


def test_questions_alternate_with_what_is_said() -> None:
    outgoing = free()
    for number in range(3):
        outgoing.ask(f"WHOIS {number}")
        outgoing.say("ann", str(number))
    outgoing.ask("WHOIS 9")
    outgoing.say("cat", "note", bulk=True)
    outgoing.withdraw("WHOIS 1")
    outgoing.command("NAMES #x")
    assert everything(outgoing) == [
        ("", "NAMES #x"), ("", "WHOIS 0"), ("ann", "0"), ("", "WHOIS 2"), ("ann", "1"),
        ("", "WHOIS 9"), ("ann", "2"), ("cat", "note"),
    ]  # fmt: skip


def test_turns_in_one_channel() -> None:
    """Who asks little does not wait for who asks much, wherever both ask."""
    outgoing = free()
    for number in range(5):
        outgoing.say("#event", f"ann {number}", turn="Ann")
    outgoing.say("#event", "bob", turn="bob")
    outgoing.say("#event", "ann 5", turn="ann")
    lines = [line for _, line in everything(outgoing)]
    assert lines == ["ann 0", "bob", "ann 1", "ann 2", "ann 3", "ann 4", "ann 5"]


def test_who_changes_nick_gets_no_more_turns() -> None:
    outgoing = free()
    for number in range(4):
        outgoing.say(f"eve{number}", f"eve {number}", turn="e@h")
    outgoing.say("#event", "eve 4", turn="E@h")
    outgoing.say("bob", "bob", turn="b@h")
    lines = [line for _, line in everything(outgoing)]
    assert lines == ["eve 0", "bob", "eve 1", "eve 2", "eve 3", "eve 4"]


def test_a_newcomer_finds_room_where_somebody_has_much() -> None:
    outgoing = Outgoing(Bucket(1, 0), each=200, replies=300)
    for number in range(200):
        outgoing.say("ann", f"ann {number}", turn="a@h")
        outgoing.say("bob", f"bob {number}", turn="b@h")
    before = outgoing.dropped
    outgoing.say("cat", "cat 0", turn="c@h")
    outgoing.say("cat", "cat 1", turn="c@h")
    assert outgoing.dropped == before + 2
    found = everything(outgoing)
    assert [line for target, line in found if target == "cat"] == ["cat 0", "cat 1"]
    assert {line for _, line in found if "left out" in line} == {"... 51 more lines left out"}
    assert len(found) == 302


def test_what_waits_for_a_nick_follows_it_or_goes() -> None:
    outgoing = free()
    for number in range(3):
        outgoing.say("Ann", f"ann {number}", turn="a@h")
        outgoing.say("#event", f"Ann: {number}", turn="a@h")
        outgoing.say("bob", f"bob {number}")
        outgoing.say("ann", f"note {number}", bulk=True)
    outgoing.gone("BOB")
    outgoing.renamed("ann", "Bob")
    outgoing.gone("ann")
    assert everything(outgoing) == [
        ("Bob", "ann 0"), ("#event", "Ann: 0"), ("Bob", "ann 1"), ("#event", "Ann: 1"),
        ("Bob", "ann 2"), ("#event", "Ann: 2"),
        ("Bob", "note 0"), ("Bob", "note 1"), ("Bob", "note 2"),
    ]  # fmt: skip
    for number in range(300):
        outgoing.say("ann", str(number))
    outgoing.renamed("cat", "ann")  # who was ann is gone
    assert outgoing.wait(0) is None


def test_what_is_too_much_is_counted_and_told_once() -> None:
    outgoing = free()
    for number in range(210):
        outgoing.say("ann", str(number))
    found = everything(outgoing)
    assert [line for _, line in found] == [*map(str, range(200)), "... 10 more lines left out"]
    assert outgoing.dropped == 10
    for number in range(201):
        outgoing.say("ann", str(number))
    assert everything(outgoing)[-1] == ("ann", "... 1 more line left out")
    outgoing.say("ann", "fine")
    assert everything(outgoing) == [("ann", "fine")]


def test_bulk_is_bounded_in_all() -> None:
    outgoing = free()
    for number in range(5000):
        outgoing.say(f"n{number}", "note", bulk=True)
    outgoing.say("n0", "another", bulk=True)
    found = everything(outgoing)
    assert len(found) == 2001  # and one note, for the one who has something waiting
    assert ("n0", "... 1 more line left out") in found
    assert outgoing.dropped == 3001


def test_nothing_grows_without_bound() -> None:
    outgoing = free()
    for number in range(50_000):
        outgoing.say(f"n{number}", "x")
        outgoing.command(f"WHOIS n{number}")
    assert len(everything(outgoing)) == 5000 + 200


def test_clearing() -> None:
    outgoing = free()
    outgoing.command("WHO")
    outgoing.say("ann", "x")
    outgoing.clear(commands_only=True)
    outgoing.say("bob", "note", bulk=True)
    assert everything(outgoing) == [("ann", "x"), ("bob", "note")]
    outgoing.say("ann", "x")
    outgoing.clear()
    assert outgoing.wait(0) is None


@given(st.integers(1, 5), st.floats(0.1, 5))
def test_a_full_bucket_holds_a_burst(burst: int, interval: float) -> None:
    bucket = Bucket(burst, interval)
    for _ in range(burst):
        assert bucket.wait(1000) == 0
        bucket.take()
    assert abs(bucket.wait(1000) - interval) < 1e-3
    assert bucket.wait(500) > 0  # a clock that goes back gives nothing away
