"""When not to answer: another bot that answers everything would talk with us for ever."""

from collections.abc import Collection
from dataclasses import dataclass

from labtool.tasks.ptg.call import Speaker
from labtool.tasks.ptg.grammar import Asked, Vocabulary, parse
from labtool.tasks.ptg.verbs import VERBS

HINT = "I am silent now until you say a command that I know"
# Unknown lines in a row that are answered, if they come within so many seconds.
_MOST = 3
_WITHIN = 300.0
_REMEMBERED = 5000


@dataclass(slots=True)
class _Row:
    since: float
    count: int = 0


class Silence:
    """Counts what each `user@host` says in private that is no command. After three such lines
    in a row within five minutes they are not answered, until a command comes that is one."""

    def __init__(self, prefix: str) -> None:
        self._words = Vocabulary(VERBS["user"], VERBS["track"], VERBS["admin"], prefix)
        self._rows: dict[str, _Row] = {}

    def answers(self, speaker: Speaker, text: str, tracks: Collection[str], now: float) -> int:
        """How many more such lines of theirs are answered, with this one; 0: be silent."""
        if speaker.channel:
            return _MOST
        asked = parse(text, self._words, tracks, private=True)
        who = speaker.host or speaker.key
        row = self._rows.pop(who, None)
        if asked is None or _is_command(asked, tracks):
            return _MOST
        if row is None or (row.count < _MOST and now - row.since > _WITHIN):
            row = _Row(now)
        row.count += 1
        self._rows[who] = row
        if len(self._rows) > _REMEMBERED:
            del self._rows[next(iter(self._rows))]
        return max(0, _MOST + 1 - row.count)


def _is_command(asked: Asked, tracks: Collection[str]) -> bool:
    """Whether it is one, with what it needs and no more; also one that is not allowed."""
    verb = VERBS[asked.kind].get(asked.verb)
    if verb is None or (asked.kind == "track" and asked.track.casefold() not in tracks):
        return False
    return verb.words == "any" or (verb.words == "some") == bool(asked.rest)
