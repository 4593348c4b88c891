"""What a server says about itself (numeric 005), and names compared as it compares them."""

from collections.abc import Iterable

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_STRICT = _LOWER | str.maketrans("[]\\", "{}|")
_FOLDS = {"ascii": _LOWER, "strict-rfc1459": _STRICT, "rfc1459": _STRICT | str.maketrans("~", "^")}


class Features:
    """One server's ways; those of RFC 1459 until it says otherwise."""

    def __init__(self) -> None:
        self.prefixes = {"@": "o", "+": "v"}
        self.statusmsg = ""
        self.channel_types = "#&"
        self.whox = False
        self.nick_length = 0
        self._list, self._always, self._when_set = "beI", "k", "l"
        self._never = "imnpst"
        self._fold = _FOLDS["rfc1459"]

    def load(self, tokens: Iterable[str]) -> None:
        """Take the words of one line of 005; those that make no sense are passed over."""
        for token in tokens:
            name, _, value = token.partition("=")
            self._take(name.upper(), value)

    def _take(self, name: str, value: str) -> None:
        if name == "PREFIX":
            letters, close, symbols = value.removeprefix("(").partition(")")
            if close and len(letters) == len(symbols):
                self.prefixes = dict(zip(symbols, letters, strict=True))
        elif name == "CHANMODES":
            kinds = value.split(",")
            if len(kinds) >= 4:
                self._list, self._always, self._when_set, self._never = kinds[:4]
        elif name == "CASEMAPPING":
            self._fold = _FOLDS.get(value.lower(), self._fold)
        elif name == "WHOX":
            self.whox = True
        elif name == "NICKLEN":
            self.nick_length = int(value) if value.isascii() and value.isdigit() else 0
        elif name == "STATUSMSG":
            self.statusmsg = value
        elif name == "CHANTYPES":
            self.channel_types = value or self.channel_types

    def fold(self, name: str) -> str:
        """The name such that names which the server takes for the same are equal."""
        return name.translate(self._fold)

    def is_channel(self, name: str) -> bool:
        """Whether it is the name of a channel, not of a person."""
        return name[:1] != "" and name[0] in self.channel_types

    def takes_argument(self, letter: str, *, setting: bool) -> bool | None:
        """Whether a mode of a channel comes with an argument; None for an unknown mode."""
        if letter in self.prefixes.values() or letter in self._list or letter in self._always:
            return True
        if letter in self._when_set:
            return setting
        return False if letter in self._never else None

    def is_op(self, letters: Iterable[str]) -> bool:
        """Whether one of these modes of a member is that of an operator or more."""
        return any(self._rank(letter) <= self._rank("o") for letter in letters)

    def is_voice(self, letters: Iterable[str]) -> bool:
        """Whether one of these modes of a member is less than that of an operator."""
        return any(self._rank(letter) > self._rank("o") for letter in letters)

    def _rank(self, letter: str) -> int:
        """Its place, from the mightiest. Servers without `o` have it above all they have."""
        ranks = list(self.prefixes.values())
        return ranks.index(letter) if letter in ranks else -1 if letter == "o" else len(ranks)
