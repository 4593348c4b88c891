"""`kind: notice`: anything to anybody, at any time."""

from collections.abc import Iterator, Mapping
from typing import Literal

from labtool.tasks.remind.plan import Planned, Trouble
from labtool.tasks.remind.rules._base import Moment, TimedRule, ask, compose
from labtool.tasks.remind.texts import Text
from labtool.tasks.remind.who import Target, Targets


class Options(TimedRule):
    """Says `text` to everybody in `to`."""

    kind: Literal["notice"]
    to: Targets
    text: Text

    def plan(self, moment: Moment) -> Iterator[Planned | Trouble]:
        """One message for each recipient."""
        yield from compose(moment, ask(moment, self.to), self.text, self.subject)

    def targets(self) -> tuple[Target, ...]:
        """Those of `to`."""
        return self.to

    def texts(self) -> Mapping[str, str]:
        """The one text."""
        return {"text": self.text}
