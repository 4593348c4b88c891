"""`kind: github`: repositories."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from labtool.core import shapes
from labtool.core.cells import Cell, link, moment, number, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, View, items, known, noon, part, total

TITLE = "GitHub"
_PER_WEEK = ("commits", "additions", "deletions")


def view(data: Any, *, public: bool) -> View:
    """Repositories, people, weeks. What is public leaves out what is private on GitHub. What is
    not known of all of them says of how many it is."""
    every = items(part(data, "repositories"))
    shown = [one for one in every if not (public and one.get("private"))]
    left_out = shapes.count(part(data, "left_out")) or 0
    every_one = len(shown) + left_out
    people = Counter[str]()
    weeks: dict[str, Counter[str]] = {}
    for one in shown:
        for person in items(one.get("contributors")):
            people[str(person.get("login"))] += shapes.count(person.get("commits")) or 0
        for week in items(one.get("weeks")):
            counts = weeks.setdefault(known(week.get("week")), Counter())
            counts.update({key: shapes.count(week.get(key)) or 0 for key in _PER_WEEK})
    columns = ("Repository", "Stars", "Forks", "Issues", "Pulls", "Branches", "Pushed", "About")
    names = [[word(name), number(count)] for name, count in people.most_common(100)]
    points = {
        key: [
            (at, float(counts[key]))
            for week, counts in sorted(weeks.items())
            if (at := noon(week)) is not None
        ]
        for key in _PER_WEEK
    }
    asked = sum(one.get("asked_at") is not None for one in shown)
    return View(
        facts=[
            ("Repositories", number(every_one)),
            *([("Of these left out here", number(left_out))] if left_out else []),
            ("Stars", _sum(shown, "stars", every_one)),
            ("Open issues", _sum(shown, "issues", every_one)),
            ("Open pulls", _sum(shown, "pulls", every_one)),
            *(
                []
                if asked == every_one
                else [("Commits and people are of", _part(asked, every_one))]
            ),
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


def _sum(shown: Sequence[Mapping[str, Any]], key: str, every: int) -> Cell:
    """A total, and of how many repositories it is, unless of all."""
    having = sum(one.get(key) is not None for one in shown)
    said = number(total(shown, key)).text
    return Cell(said if having == every else f"{said} in {_part(having, every).text}", number=True)


def _part(having: int, every: int) -> Cell:
    return Cell(f"{number(having).text} of {number(every).text} repositories", number=True)
