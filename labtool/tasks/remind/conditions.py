"""`if:` of a rule: which meetings it is for."""

from typing import Annotated

from labtool.core.config.types import OneOrMore, Section, Words
from labtool.core.people import fold
from labtool.tasks.remind.meetings import NO_MEETING, Meeting


class Condition(Section):
    """All that is said must hold; several entries of one list are alternatives.

    Without `meeting`, a rule that counts from meetings is only for those that take place.
    """

    meeting: bool | None = None
    type: Words = ()
    note: Words = ()

    def holds(self, meeting: Meeting | None, *, around_meeting: bool) -> bool:
        """Whether it holds for the meeting that a rule is about (None: there is none)."""
        codes = {fold(code) for code in self.type}
        wanted = self.meeting
        if wanted is None and around_meeting and not codes & NO_MEETING:
            wanted = True
        if wanted is not None and not _is(meeting, takes_place=wanted):
            return False
        if codes and (meeting is None or fold(meeting.code) not in codes):
            return False
        note = fold(meeting.note) if meeting else ""
        return not self.note or any(fold(part) in note for part in self.note)


Conditions = Annotated[tuple[Condition, ...], OneOrMore()]


def _is(meeting: Meeting | None, *, takes_place: bool) -> bool:
    """A week that the sheet says nothing about is neither with nor without a meeting."""
    if takes_place:
        return meeting is not None and meeting.takes_place
    return meeting is None or meeting.off
