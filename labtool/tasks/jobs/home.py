"""What runs and waits, on the Home tab of the lab's Slack app."""

from labtool.core.home import Block, Part, Show, Visitor, header, section
from labtool.core.people import People
from labtool.core.task import Run
from labtool.tasks.jobs.entry import Asker
from labtool.tasks.jobs.open import desk
from labtool.tasks.jobs.who import Who

_SHOWN = 15


def part(run: Run) -> Part | None:
    """The part, where the config names jobs. Raises ConfigError."""
    if not run.config.has("jobs"):
        return None
    shown = desk(run.config, run.database, run.clock, People).deeds.shown

    def look() -> Show:
        everything = shown.everything()

        def show(visitor: Visitor) -> list[Block]:
            who = Who(Asker(visitor.name, visitor.user), visitor.person, visitor.member)
            theirs = shown.seen_by(who, everything)
            lines = [section(line) for line in shown.lines(theirs[:_SHOWN], everything)]
            more = len(theirs) - _SHOWN
            if more > 0:
                lines.append(section(f"and {more} more: say status"))
            return [header("Jobs"), *(lines or [section("Nothing runs or waits.")])]

        return show

    return Part(look)
