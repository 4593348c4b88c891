"""`kind: slack`: a workspace's members, channels, messages and files. Needs the scopes
users:read, channels:read, groups:read, channels:history, groups:history and files:read.

Its data:

    {"members": {"owner", "admin", "member", "guest", "single-channel guest", "bot", "gone"}
                    each a list of names,
     "channels": [{"name", "private", "members", "messages", "files", "latest", "why", "asked_at",
                   "by_day": {DAY: messages}}],
     "files": [{"type", "count", "bytes"}], those with the most bytes first,
     "days": [{"day", "messages", "files"}], the last seven, the lab's days, oldest first}

`messages` and `files` of a channel are those of the last seven days, `latest` is the last
message's time of these (ISO 8601, UTC). They are null where the bot is not in the channel,
with the reason in `why`. Answers in threads are not counted. Slack limits how many channels can
be asked a minute: those that were not asked for the longest time come first, the others keep what
was known at `asked_at`. So do those that fail, which is an error of the run, as is a limit of more
than a minute.

Series: `members` (active accounts of people), `messages` and `files` (of the last seven days),
`bytes` (of all files), `channel-messages/NAME`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.errors import LabtoolError
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._parts import Asking
from labtool.tasks.cache.sources._slack import token

if TYPE_CHECKING:
    from labtool.services.slack_workspace import Channel, File, Member, Workspace

_DAYS = 7
_SPARE = 5.0
_MOST_LINES = 50
_KINDS = ("owner", "admin", "member", "guest", "single-channel guest", "bot", "gone")
# What Slack says of a channel that cannot be read; any other word is an error of the source.
_CLOSED = {
    "not_in_channel": "the bot is not in it",
    "channel_not_found": "it is not there any more",
    "is_archived": "it is archived",
}


class Options(SourceOptions):
    """The workspace of the config's section slack."""

    schema_version: ClassVar[int] = 1
    # Names of private channels.
    public_history: ClassVar[bool] = False
    needs: ClassVar[str] = "slack"

    kind: Literal["slack"]

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services import slack_workspace  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """Read it, as far as Slack lets us."""
        from labtool.services.slack_workspace import Workspace

        workspace = Workspace(question.config, question.seconds)
        zone = question.config.core.lab.timezone
        since = question.now - timedelta(days=_DAYS)
        members, files = workspace.members(), workspace.files()
        recent = [file for file in files if file.created >= since.timestamp()]
        channels, problems = _channels(workspace, question, since, recent)
        days = _days(channels, recent, question.now.astimezone(zone).date(), zone)
        kinds = {kind: _names(members, kind) for kind in _KINDS}
        data = {
            "members": kinds,
            "channels": channels,
            "files": _by_type(files),
            "days": days,
        }
        expires = token(workspace, question.now)
        numbers = _numbers(kinds, channels, recent, files)
        return Answer(data, numbers, problems=problems, expires=expires)


def _channels(
    workspace: "Workspace", question: Question, since: datetime, recent: "Sequence[File]"
) -> tuple[list[dict[str, Any]], tuple[LabtoolError, ...]]:
    """The channels, and what went wrong with some. Raises where it went wrong with all."""
    known = _known(question.before)
    order = workspace.channels()
    order.sort(key=lambda c: (known.get(c.name, {}).get("asked_at") or "", c.name))
    files = Counter(channel for file in recent for channel in file.channels)
    found: list[dict[str, Any]] = []
    asking = Asking(question, "Slack conversations.history")
    for channel in order:
        entry = {**_unasked(channel), **known.get(channel.name, {})}
        entry |= {"private": channel.private, "members": channel.members}
        if not asking.is_over and (workspace.left >= _SPARE or not found):
            with asking.for_part(f"#{channel.name}"):
                entry |= _asked(workspace, channel, question, since, files[channel.id])
        found.append(entry)
    problems = asking.problems()
    return sorted(found, key=lambda entry: str(entry["name"]).casefold()), problems


def _unasked(channel: "Channel") -> dict[str, Any]:
    empty = dict.fromkeys(("messages", "files", "latest", "why", "asked_at"))
    own = {"name": channel.name, "private": channel.private, "members": channel.members}
    return {**own, **empty, "by_day": {}}


def _asked(
    workspace: "Workspace", channel: "Channel", question: Question, since: datetime, files: int
) -> dict[str, Any]:
    entry = {**_unasked(channel), "asked_at": iso(question.now)}
    if not channel.is_in:
        return entry | {"why": _CLOSED["not_in_channel"]}
    try:
        times = workspace.message_times(channel.id, since.timestamp())
    except LabtoolError as error:
        if error.code not in _CLOSED:
            raise
        return entry | {"why": _CLOSED[error.code]}
    zone = question.config.core.lab.timezone
    latest = iso(datetime.fromtimestamp(times[0], UTC)) if times else None
    by_day = Counter(_day(at, zone) for at in reversed(times))
    counts = {"messages": len(times), "files": files, "by_day": dict(by_day)}
    return entry | counts | {"latest": latest}


def _days(
    channels: Sequence[dict[str, Any]], recent: "Sequence[File]", today: date, zone: ZoneInfo
) -> list[dict[str, Any]]:
    files = Counter(_day(file.created, zone) for file in recent)
    names = [str(today - timedelta(days=n)) for n in reversed(range(_DAYS))]
    return [
        {
            "day": day,
            "messages": sum(channel["by_day"].get(day, 0) for channel in channels),
            "files": files[day],
        }
        for day in names
    ]


def _day(at: float, zone: ZoneInfo) -> str:
    return str(datetime.fromtimestamp(at, zone).date())


def _names(members: "Sequence[Member]", kind: str) -> list[str]:
    return sorted((m.name for m in members if m.kind == kind), key=str.casefold)


def _by_type(files: "Sequence[File]") -> list[dict[str, Any]]:
    counts, sizes = Counter[str](), Counter[str]()
    for file in files:
        counts[file.kind] += 1
        sizes[file.kind] += file.size
    return [
        {"type": kind, "count": counts[kind], "bytes": size}
        for kind, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))
    ]


def _numbers(
    members: dict[str, list[str]],
    channels: Sequence[dict[str, Any]],
    recent: "Sequence[File]",
    files: "Sequence[File]",
) -> dict[str, float]:
    people = sum(len(names) for kind, names in members.items() if kind not in ("bot", "gone"))
    said = [channel for channel in channels if channel["messages"] is not None]
    busiest = sorted(said, key=lambda channel: (-channel["messages"], channel["name"]))
    return {
        "members": float(people),
        "messages": float(sum(channel["messages"] for channel in said)),
        "files": float(len(recent)),
        "bytes": float(sum(file.size for file in files)),
        **{f"channel-messages/{c['name']}": float(c["messages"]) for c in busiest[:_MOST_LINES]},
    }


def _known(before: Any) -> dict[str, dict[str, Any]]:
    """What the last answer said of each channel, by name, as far as it is understood."""
    found = {}
    for one in shapes.objects(shapes.mapping(before).get("channels")):
        if name := shapes.text(one.get("name")):
            days = shapes.mapping(one.get("by_day"))
            found[name] = {
                "name": name,
                **{key: shapes.count(one.get(key)) for key in ("messages", "files")},
                **{key: shapes.instant(one.get(key)) for key in ("latest", "asked_at")},
                "why": shapes.text(one.get("why")),
                "by_day": {day: shapes.count(number) or 0 for day, number in days.items()},
            }
    return found
