"""`kind: github`: repositories."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from labtool.core.cells import Cell, link, moment, number, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items

TITLE = "GitHub"
_PER_WEEK = ("commits", "additions", "deletions")


def view(data: Any, *, public: bool) -> View:
    """Repositories, people, weeks. What is public leaves out what is private on GitHub."""
    every = items(data.get("repositories"))
    shown = [one for one in every if not (public and one.get("private"))]
    people = Counter[str]()
    weeks: dict[str, Counter[str]] = {}
    for one in shown:
        for person in items(one.get("contributors")):
            people[str(person.get("login"))] += person.get("commits") or 0
        for week in items(one.get("weeks")):
            counts = weeks.setdefault(str(week.get("week")), Counter())
            counts.update({key: week.get(key) or 0 for key in _PER_WEEK})
    columns = ("Repository", "Stars", "Forks", "Issues", "Pulls", "Branches", "Pushed", "About")
    names = [[word(name), number(count)] for name, count in people.most_common(100)]
    points = {
        key: [(_noon(week), float(counts[key])) for week, counts in sorted(weeks.items())]
        for key in _PER_WEEK
    }
    return View(
        facts=[
            ("Repositories", number(len(shown))),
            ("Stars", number(_sum(shown, "stars"))),
            ("Open issues", number(_sum(shown, "issues"))),
            ("Open pulls", number(_sum(shown, "pulls"))),
        ],
        tables=[
            table("Repositories", columns, [_row(one) for one in shown]),
            table("Contributors", ("Who", "Commits"), names),
        ],
        lines=[
            Lines("Commits a week", "", "year", {"commits": points["commits"]}),
            Lines(
                "Lines a week",
                "",
                "year",
                {key: points[key] for key in ("additions", "deletions")},
            ),
        ],
        metrics={
            "stars": Metric("Stars"),
            "forks": Metric("Forks"),
            "issues": Metric("Open issues"),
            "pulls": Metric("Open pulls"),
            "commits": Metric("Commits in the last week"),
        },
    )


def _row(one: dict[str, Any]) -> list[Cell]:
    pushed = one.get("pushed_at")
    marks = [mark for mark in ("private", "archived") if one.get(mark)]
    about = " ".join([*(f"[{mark}]" for mark in marks), str(one.get("description") or "")])
    return [
        link(one.get("name"), one.get("url")),
        *(number(one.get(key)) for key in ("stars", "forks", "issues", "pulls", "branches")),
        moment(pushed) if pushed else word("never"),
        word(about.strip() or " "),
    ]


def _sum(shown: list[dict[str, Any]], key: str) -> int:
    return sum(one[key] for one in shown if isinstance(one.get(key), int))


def _noon(week: str) -> int:
    return int(datetime.fromisoformat(f"{week}T12:00").replace(tzinfo=UTC).timestamp())
