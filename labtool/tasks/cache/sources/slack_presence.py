"""`kind: slack-presence`: who is at their desk, by Slack. Needs the scope users:read.

Its data: `{"members": [{"id", "name", "active", "last_seen", "asked_at"}]}`, by name, without
bots and deactivated accounts. `active` is true, false, or null where Slack did not say;
`last_seen` is when a refresh last met them active, `asked_at` when they were asked (ISO 8601,
UTC; null for never). Slack limits how many can be asked a minute: who was not asked for the
longest time comes first, the others keep what is known of them; a limit of more than a minute is
an error of the run.

Series: `members`, `active` (people).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import Failed
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._parts import Asking
from labtool.tasks.cache.sources._slack import token

if TYPE_CHECKING:
    from labtool.services.slack_workspace import Workspace

# Of the time that it has, kept back so that what is known is handed over.
_SPARE = 2.0
_NEVER: Mapping[str, Any] = {"active": None, "last_seen": None, "asked_at": None}


class Options(SourceOptions):
    """The members' presence."""

    schema_version: ClassVar[int] = 1
    needs: ClassVar[str] = "slack"

    kind: Literal["slack-presence"]
    every: Duration = Field(default=timedelta(minutes=3), description="Its beat")

    @model_validator(mode="after")
    def _names_people(self) -> "Options":
        if self.public:
            raise mistake("cannot be public: it names people", "leave out public:")
        return self

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services import slack_workspace  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """Ask for each member, as far as Slack lets us."""
        from labtool.services.slack_workspace import Workspace

        workspace = Workspace(question.config, question.seconds)
        known = _known(question.before)
        expires = token(workspace, question.now)
        people = [m for m in workspace.members() if m.kind not in ("bot", "gone")]
        people.sort(key=lambda m: (known.get(m.id, _NEVER)["asked_at"] or "", m.name))
        found = [{"id": m.id, "name": m.name, **known.get(m.id, _NEVER)} for m in people]
        asking = Asking(question, "Slack users.getPresence")
        for number, entry in enumerate(found):
            if asking.is_over or (number and workspace.left < _SPARE):
                break  # the others have their turn the next time
            with asking.for_part(entry["name"]):
                entry.update(_asked(workspace, entry, iso(question.now)))
        problems = asking.problems()
        found.sort(key=lambda entry: (entry["name"].casefold(), entry["id"]))
        active = sum(entry["active"] is True for entry in found)
        numbers = {"members": float(len(found)), "active": float(active)}
        return Answer({"members": found}, numbers, problems=problems, expires=expires)


def _asked(workspace: "Workspace", entry: Mapping[str, Any], now: str) -> dict[str, Any]:
    """What Slack says of a member now."""
    try:
        active = workspace.is_active(entry["id"])
    except Failed as error:
        if error.code != "user_not_found":
            raise
        active = None  # gone since the list was made
    return {"active": active, "asked_at": now, "last_seen": now if active else entry["last_seen"]}


def _known(before: Any) -> dict[str, dict[str, Any]]:
    """What the last answer said of each member, by id, as far as it is understood."""
    found = {}
    for one in shapes.objects(shapes.mapping(before).get("members")):
        active, stamps = one.get("active"), ("last_seen", "asked_at")
        found[str(one.get("id"))] = {
            "active": active if isinstance(active, bool) else None,
            **{key: shapes.instant(one.get(key)) for key in stamps},
        }
    return found
