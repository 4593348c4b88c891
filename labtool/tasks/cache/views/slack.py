"""`kind: slack`: the workspace."""

from typing import Any

from labtool.core import shapes
from labtool.core.cells import Cell, moment, number, size, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items, part, points

TITLE = "Slack"
_KINDS = {
    "owner": "Owners",
    "admin": "Admins",
    "member": "Members",
    "guest": "Guests",
    "single-channel guest": "Guests of one channel",
    "bot": "Bots",
    "gone": "Gone",
}


def view(data: Any, *, public: bool) -> View:
    """Members, channels, files. What is public names neither people nor private channels."""
    names = {kind: _names(part(data, "members", kind)) for kind in _KINDS}
    facts = [(title, number(len(names[kind]))) for kind, title in _KINDS.items()]
    channels = [c for c in items(part(data, "channels")) if not (public and c.get("private"))]
    channels.sort(key=lambda c: (-(shapes.count(c.get("messages")) or 0), str(c.get("name"))))
    files = items(part(data, "files"))
    tables = [
        table(
            "Channels, last seven days",
            ("Channel", "Members", "Messages", "Files", "Latest"),
            [_channel(channel) for channel in channels],
        ),
        table(
            "Files",
            ("Type", "Files", "Size"),
            [[word(f.get("type")), number(f.get("count")), size(f.get("bytes"))] for f in files],
            50,
        ),
    ]
    if not public:
        people = [
            [word(title), word(", ".join(names[kind]) or "nobody")]
            for kind, title in _KINDS.items()
        ]
        tables.append(table("Who is what", ("Kind", "Who"), people))
    days = items(part(data, "days"))
    return View(
        facts=facts,
        tables=tables,
        lines=[
            Lines(
                "Messages and files a day",
                "",
                "month",
                {key: points(days, "day", key) for key in _PER_DAY},
            )
        ],
        metrics={
            "messages": Metric("Messages in seven days"),
            "files": Metric("Files in seven days"),
            "members": Metric("Members"),
            "bytes": Metric("Size of all files", "B"),
            "channel-messages": Metric("Messages in seven days by channel"),
        },
    )


_PER_DAY = ("messages", "files")


def _channel(channel: dict[str, Any]) -> list[Cell]:
    why = channel.get("why")
    latest = channel.get("latest")
    return [
        word(f"#{channel.get('name')}"),
        number(channel.get("members")),
        number(channel.get("messages")),
        number(channel.get("files")),
        moment(latest) if latest else word(why or "none in seven days"),
    ]


def _names(value: Any) -> list[str]:
    return [name for name in shapes.listed(value) if isinstance(name, str)]
