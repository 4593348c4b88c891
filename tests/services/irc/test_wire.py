"""Lines of IRC are read whatever they are."""

from hypothesis import given
from hypothesis import strategies as st

from labtool.services.irc.wire import Buffer, Line, parse


def test_parts() -> None:
    line = parse(r"@account=ann;x=a\:b\sc\\;y;= :ann!a@h PRIVMSG  #lab :hi : there ")
    assert line == Line(
        "PRIVMSG", ("#lab", "hi : there "), "ann", "a@h",
        {"account": "ann", "x": "a;b c\\", "y": ""},
    )  # fmt: skip
    assert parse("quit") == Line("QUIT")
    assert parse(":ann!a@h QUIT") == Line("QUIT", (), "ann", "a@h")
    assert parse(":srv 005 me A B :are") == Line("005", ("me", "A", "B", "are"), "srv")
    assert parse("PING :") == Line("PING", ("",))
    assert parse("MODE #a\u00a0b +o x") == Line("MODE", ("#a\u00a0b", "+o", "x"))
    for nothing in ("", " ", ":", ":x", "@", "@a=b", "@a :x", "@a :x ", ":x  "):
        assert parse(nothing) is None


def test_arguments_that_are_not_there_are_empty() -> None:
    line = Line("X", ("a",))
    assert [line.arg(at) for at in (0, 1, 9, -1, -2)] == ["a", "", "", "a", ""]


@given(st.text())
def test_nothing_raises(text: str) -> None:
    line = parse(text)
    if line:
        assert line.command
        assert all(" " not in word for word in line.args[:-1])


@given(st.lists(st.binary(max_size=80)), st.integers(1, 50))
def test_bytes_come_in_any_pieces(parts: list[bytes], size: int) -> None:
    lines = [part.replace(b"\n", b"") for part in parts]
    data = b"".join(line + b"\n" for line in lines)
    buffer, found = Buffer(), []
    for at in range(0, len(data), size):
        found += buffer.feed(data[at : at + size])
    assert found == [line.decode("utf-8", "replace") for line in lines]


def test_a_line_without_end_is_not_kept() -> None:
    buffer = Buffer()
    for _ in range(1000):
        assert buffer.feed(b"x" * 10_000) == []
        assert len(buffer._rest) <= 16_384
    assert buffer.feed(b"end\nnext\n") == ["next"]
    assert buffer.feed(b"y" * 10_000 + b"\n") == ["y" * 10_000]
    assert buffer.feed(b"z" * 100_000 + b"\nnext\n") == ["next"]
    assert buffer.feed(b"caf\xe9 \xff\n") == ["caf\ufffd \ufffd"]
