"""A small lab with something to say every day, for tests that count messages."""

from collections.abc import Mapping
from typing import Any

from tests.lab import Lab, Server

PEOPLE = [
    ["name", "email", "role", "birthday"],
    ["Ann Lee", "ann@lab.example", "PI", "1980-11-23"],
    ["Bob Stone", "bob@lab.example", "postdoc", "1990-11-23"],
    ["Eve Park", "eve@lab.example", "student", "1995-07-01"],
]
DUTIES = [
    ["task", "interval", "main", "backup"],
    ["Breakfast", "weekly", "Bob", "Eve"],
    ["AWS", "monthly", "Ann", "Bob"],
    ["Plants", "daily", "Eve", "Bob"],
]
MEETINGS = [
    ["date", "type", "presenters", "note"],
    ["2026-11-16", "GM", "Bob", ""],
    ["2026-11-23", "GM", "Ann / Eve", ""],
    ["2026-11-30", "JC", "Bob", ""],
]
RULES = {
    "plants": {"kind": "duty", "duty": "Plants", "when": "daily", "text": "Water the plants"},
    "standup": {
        "kind": "notice",
        "to": ["#general", {"role": "postdoc"}, {"person": "Ann Lee"}],
        "when": "daily",
        "text": "Stand-up on {{ today | date }}",
    },
    "breakfast": {"kind": "duty", "duty": "Breakfast", "when": "1 day before meeting"},
    "birthdays": {"kind": "birthdays"},
    "announcement": {"kind": "announcement"},
}
# Nothing but the rules above: Sunday 22 November is the eve of a meeting, Monday a birthday.
DAY = "2026-11-22T09:00"


def make(lab: Lab, /, *servers: Server, **sections: Mapping[str, Any]) -> None:
    """Write the lab's config and sheets; `sections` are laid over the config's."""
    for name, rows in (("people", PEOPLE), ("duties", DUTIES), ("meetings", MEETINGS)):
        lab.sheet(name, rows)
    config: dict[str, Any] = {
        "lab": {"name": "Test Lab", "admins": ["Ann Lee"]},
        "sheets": {n: {"csv": f"sheets/{n}.csv"} for n in ("people", "duties", "meetings")},
        "outbox": {"settle_after": "0.3s"},
        "remind": {"rules": RULES},
    }
    for name, section in sections.items():
        config[name] = {**config.get(name, {}), **section}
    lab.configure(config, *servers)


# What the rules say on DAY, by place in Slack.
ON_DAY = {
    "@eve": ["Water the plants"],
    "@bob": ["Stand-up on", "You are down for: Breakfast"],
    "@ann": ["Stand-up on"],
    "#general": ["Stand-up on", "Group meeting tomorrow"],
}
