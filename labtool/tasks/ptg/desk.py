"""The desk: who says what, where, with which rights -> what is answered.

It knows no IRC and no Slack; a front end hands it lines and says what it answers. A change
is on the disk before its answer is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labtool.core.clock import iso
from labtool.core.errors import LabtoolError
from labtool.core.text import one_line
from labtool.tasks.ptg.board import Board, Change, Edit
from labtool.tasks.ptg.call import Answer, Call, Outcome, Speaker, Verb
from labtool.tasks.ptg.grammar import Asked, Vocabulary, near, parse, readable
from labtool.tasks.ptg.store import Store
from labtool.tasks.ptg.subscriptions import Subscriptions
from labtool.tasks.ptg.verbs import VERBS, admin

# So many tracks are named to who misspelt one.
_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Manners:
    """How the desk is spoken to: the prefix of commands in a channel, where more help is, and
    whether only those who are identified to services are served."""

    prefix: str = "+"
    help_url: str = ""
    identified_only: bool = False


class Desk:
    """The board, its files, and the verbs. `told` hears of what an admin must mend."""

    def __init__(
        self,
        board: Board,
        store: Store,
        manners: Manners,
        now: Callable[[], datetime],
        told: Callable[[LabtoolError], None],
    ) -> None:
        self.board = board
        self._store = store
        self._manners = manners
        self._now = now
        self._told = told
        self._words = Vocabulary(VERBS["user"], VERBS["track"], VERBS["admin"], manners.prefix)
        self._follow_board()

    def hear(self, speaker: Speaker, text: str, own_name: str = "") -> Outcome | None:
        """What a line brings about; None for talk that is none of ours."""
        private = not speaker.channel
        asked = parse(
            text,
            self._words,
            self._tracks,
            private=private,
            own_name=own_name,
            operator=speaker.op,
        )
        if asked is None:
            return None
        call = self._call(speaker, asked)
        if self._manners.identified_only and not speaker.account:
            call.answer("I serve only who is identified to services (NickServ)")
            return call.outcome
        verb = self._verb(call)
        if verb is not None:
            verb.run(call)
            self._keep(call, one_line(readable(text), 80))
        return call.outcome

    def fetched(
        self, speaker: Speaker, url: str, document: dict[str, Any] | LabtoolError
    ) -> Outcome:
        """What was fetched for a speaker, or why it could not be."""
        call = self._call(speaker, Asked("admin", "fetchdb", url))
        if isinstance(document, LabtoolError):
            call.answer(f"nothing was changed: {one_line(str(document))}")
        else:
            admin.replace(call, document)
            self._keep(call, f"~fetchdb {url}")
        return call.outcome

    def reload(self, document: dict[str, Any]) -> None:
        """Somebody else changed the board's file."""
        self.board.data = document
        self._follow_board()

    def _follow_board(self) -> None:
        self._tracks = {track.casefold() for track in self.board.tracks}
        self._subscriptions = Subscriptions(self.board.data["subscriptions"])

    def _call(self, speaker: Speaker, asked: Asked) -> Call:
        return Call(
            board=self.board,
            speaker=speaker,
            asked=asked,
            now=self._now(),
            subscriptions=self._subscriptions,
            verbs=VERBS,
            prefix=self._manners.prefix,
            help_url=self._manners.help_url,
            last_change=self._store.last,
        )

    def _verb(self, call: Call) -> Verb | None:
        """The verb to carry out; None, and an answer, where it is not to be."""
        asked, speaker = call.asked, call.speaker
        if asked.kind == "track" and not call.track:
            names = call.board.nearest(asked.track)
            call.answer(f"there is no track #{asked.track}{_which(names, call.board.tracks)}")
            return None
        verb = VERBS[asked.kind].get(asked.verb)
        if verb is None:
            call.answer(self._unknown(asked))
            return None
        if asked.kind == "admin" and not speaker.op:
            call.answer("that takes an operator of the channel (+o)")
        elif (
            asked.kind == "track" and call.board.data["voice"] and not (speaker.op or speaker.voice)
        ):
            call.answer("that takes voice (+v) in the channel, as the operators want it")
        elif verb.words == "some" and not asked.rest:
            call.answer(f"something is missing: {verb.usage}")
        elif verb.words == "none" and asked.rest:
            call.answer(f"{asked.verb} takes nothing more: {verb.usage}")
        else:
            return verb
        return None

    def _unknown(self, asked: Asked) -> str:
        known = VERBS[asked.kind]
        mark = {"user": "", "track": f"#{asked.track} ", "admin": "~"}[asked.kind]
        if not asked.verb:
            return f"what about it? {' | '.join(v.usage for v in known.values())}"
        names = near(asked.verb, known)
        said = f"{mark}{asked.verb}"
        if names:
            return f"I do not know {said}; did you mean {' or '.join(f'{mark}{n}' for n in names)}?"
        if asked.kind == "track":
            rest = f" {asked.rest}" if asked.rest else ""
            meant = one_line(f"{mark}now {asked.verb}{rest}", 120)
            return f"I do not know {asked.verb}; did you mean: {meant}?"
        return f"I do not know {said}; there are {', '.join(known)}"

    def _keep(self, call: Call, label: str) -> None:
        """Make a call's change, once it is on the disk."""
        if not call.undoes and all(self.board.holds(edit) for edit in call.edits):
            return
        at = iso(call.now)
        stamp = Edit(("timestamp",), at)
        inverse = self.board.inverse(call.edits)
        change = Change(
            label=label,
            by=call.speaker.nick,
            at=at,
            edits=(*call.edits, stamp),
            inverse=inverse,
            undoable=call.undoable and not call.undoes,
        )
        try:
            if call.undoes:
                self._store.undo(call.undoes, change)
            else:
                self._store.append(change)
        except LabtoolError as error:
            self._told(error)
            call.outcome.answers = [
                Answer("that could not be kept, so nothing was changed; the admins hear of it")
            ]
            call.outcome.notices = []
            return
        self.board.apply(change.edits)
        call.outcome.changed = True
        self._follow(change.edits)

    def _follow(self, edits: tuple[Edit, ...]) -> None:
        """Keep what is derived from the board in step with it."""
        for edit in edits:
            if edit.path[0] == "subscriptions" and len(edit.path) == 2:
                self._subscriptions.put(edit.path[1], edit.value if edit.there else None)
            elif edit.path[0] == "subscriptions":
                self._subscriptions = Subscriptions(self.board.data["subscriptions"])
            elif edit.path[0] == "tracks":
                self._tracks = {track.casefold() for track in self.board.tracks}


def _which(near: list[str], tracks: list[str]) -> str:
    """Which track was probably meant, or which there are."""
    if near:
        return f"; did you mean {' or '.join(f'#{name}' for name in near)}?"
    shown = " ".join(f"#{name}" for name in tracks[:_SHOWN])
    more = f" and {len(tracks) - _SHOWN} more" if len(tracks) > _SHOWN else ""
    return f"; there are {shown}{more}" if shown else "; there are none yet"
