"""Random lines of chat: some that make sense, some that nearly do, some that are noise."""

import random
from collections.abc import Iterator

_TEXT = """
#nova #NOVA #cinder #x now next clean clear book unbook etherpad url color location delay in out
seen where what subscribe unsubscribe help + +in +out +what +seen +where ~list ~add ~del ~clean
~newday ~motd ~emptydb ~requirevoice ~alloweveryone ~undo add del reorder info danger 1 2 -5 0 none
auto Aspen-TueP1 Ballroom A-TueA1 nova.* (a+)+$ ( [ \\1 teal red;} https://example.org/x
javascript:x __proto__ ../../x {{x}} ${x} `x` $(x) <b> & ' " \\ / eventbot: hello +1 #startmeeting
"""
_WORDS = _TEXT.split()
_NOISE = "\x02\x03\x0f\x16\x1d\x1f\u202e\u2066\ufeff\u0000é€😀\u0301\t ~+#!@"


def lines(count: int, seed: int = 1) -> Iterator[str]:
    """So many lines, the same ones for a seed; none has a line break."""
    source = random.Random(seed)
    for _ in range(count):
        kind = source.random()
        if kind < 0.7:
            text = " ".join(source.choices(_WORDS, k=source.randint(1, 6)))
        elif kind < 0.9:
            text = "".join(source.choices(_NOISE + "abcdefgh 0123", k=source.randint(0, 80)))
        else:
            text = source.choice(_WORDS) * source.randint(1, 60)
        yield text.replace("\n", " ").replace("\r", " ")
