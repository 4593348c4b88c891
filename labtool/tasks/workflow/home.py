"""The buttons below a question of a workflow's, in Slack."""

from labtool.core.errors import Failed
from labtool.core.home import Block, Part, Show, Visitor
from labtool.core.task import Run
from labtool.tasks.workflow.activities.approve import ACTION
from labtool.tasks.workflow.deciding import Speaker, decide
from labtool.tasks.workflow.runs import opened


def part(run: Run) -> Part | None:
    """What hears them, where the config names workflows."""
    if not run.config.has("workflows"):
        return None

    def press(visitor: Visitor, value: str) -> str:
        said, _, rest = value.partition(" ")
        ident, _, step = rest.partition(" ")
        if said not in ("yes", "no") or not step:
            raise Failed("that button says nothing that is known here", code="button")
        if not visitor.member:
            raise Failed("that is for members of the lab only", fix="ask one", code="restricted")
        with opened(run.config) as runs:
            return decide(
                runs, ident, step, Speaker(visitor.name, visitor.person), yes=said == "yes"
            )

    return Part(_nothing, action=ACTION, press=press)


def _nothing() -> Show:
    def show(_: Visitor) -> list[Block]:
        return []

    return show
