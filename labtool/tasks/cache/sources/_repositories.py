"""Repositories of GitHub: what a listing says of each, what is asked for one by one, and what
of the last answer is still of use.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.threads import each
from labtool.tasks.cache.sources._base import Question

if TYPE_CHECKING:
    from labtool.services.github import GitHub

_AT_ONCE = 8
_SPARE = 5.0
_WEEKS = 52
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_MOST_PEOPLE = 100
_COUNTS = ("pulls", "branches")
UNKNOWN: Mapping[str, Any] = {
    **dict.fromkeys(("pulls", "branches", "contributors", "weeks")),
    "pending": False,
    "asked_at": None,
}


@dataclass(slots=True)
class Details:
    """The details of repositories by name, and what went wrong with them. `ended` is the limit
    that the rest was not asked for."""

    of: dict[str, dict[str, Any]]
    errors: dict[str, LabtoolError] = field(default_factory=dict)
    ended: Temporary | None = None


def ends_all(error: LabtoolError) -> bool:
    """Whether whatever else is asked for would meet the same."""
    return error.code in ("ratelimited", "late", "token")


def described(one: Mapping[str, Any]) -> dict[str, Any]:
    """What a listing says of a repository."""
    return {
        "name": shapes.text(one.get("full_name")) or shapes.text(one.get("name")) or "unnamed",
        "url": shapes.text(one.get("html_url"), 500),
        "description": shapes.text(one.get("description"), 500),
        "private": bool(one.get("private")),
        "archived": bool(one.get("archived")),
        "stars": shapes.count(one.get("stargazers_count")),
        "forks": shapes.count(one.get("forks_count")),
        "pushed_at": shapes.instant(one.get("pushed_at")),
        # Issues and pulls together, as GitHub counts them.
        "listed": shapes.count(one.get("open_issues_count")),
    }


def known(before: Any) -> dict[str, dict[str, Any]]:
    """The repositories of the last answer, by name, as far as it is understood."""
    found = {}
    for one in shapes.objects(shapes.mapping(before).get("repositories")):
        name, issues, pulls = (one.get("name"), *(shapes.count(one.get(k)) for k in _OPEN))
        if not isinstance(name, str):
            continue
        of = described({"full_name": name})
        of |= {key: one[key] for key in of.keys() & one.keys()}
        of |= {"name": name, "listed": None if None in (issues, pulls) else issues + pulls}  # type: ignore[operator]  # neither is None
        found[name] = {**of, **_details_of(one)}
    return found


_OPEN = ("issues", "pulls")


def _details_of(one: Mapping[str, Any]) -> dict[str, Any]:
    people, weeks = one.get("contributors"), one.get("weeks")
    return {
        **{key: shapes.count(one.get(key)) for key in _COUNTS},
        "contributors": None if not isinstance(people, list) else _people(people, "commits"),
        "weeks": None if not isinstance(weeks, list) else shapes.objects(weeks),
        "pending": one.get("pending") is True,
        "asked_at": shapes.instant(one.get("asked_at")),
    }


def detailed(
    github: "GitHub",
    names: Sequence[str],
    before: Mapping[str, Mapping[str, Any]],
    question: Question,
) -> Details:
    """The details of each. Who was not asked for the longest time comes first; what a limit, the
    time or a failure does not allow stays as it was. Raises where nothing could be asked for."""
    found = Details(
        {name: {key: before.get(name, UNKNOWN)[key] for key in UNKNOWN} for name in names}
    )
    order = sorted(names, key=lambda name: found.of[name]["asked_at"] or "")
    now, asked, answered = iso(question.now), 0, False
    try:
        for name, new, error in each(lambda n: _asked(github, n, now), order, _AT_ONCE):
            found.of[name] |= new
            if error:
                found.errors[name] = error
            answered = answered or any(value is not None for value in new.values())
            asked += 1
            question.progress(f"{asked} of {len(names)} repositories")
        pending = [name for name in names if found.of[name]["pending"]]
        for name, weeks in _counted(github, pending):
            found.of[name] |= {"weeks": weeks, "pending": False}
    except Temporary as limit:
        if not ends_all(limit) or not asked:
            raise
        limit.where = "GitHub"  # which repository it was is chance
        found.ended = limit
    worst = found.errors[min(found.errors)] if found.errors else None
    if worst and not answered and not isinstance(worst, AccessDenied):
        raise worst
    return found


def _asked(
    github: "GitHub", name: str, now: str
) -> tuple[str, dict[str, Any], LabtoolError | None]:
    """What is new of a repository, and the first error: what is refused is null, what failed is
    left out."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "contributors": lambda: {"contributors": _contributors(github, name)},
        "pulls": lambda: {"pulls": github.count_of(name, "pulls", state="open")},
        "branches": lambda: {"branches": github.count_of(name, "branches")},
        "weeks": lambda: _statistics(github, name),
    }
    found: dict[str, Any] = {}
    first: LabtoolError | None = None
    whole = True
    for key, ask in parts.items():
        try:
            found |= ask()
        except LabtoolError as error:
            if ends_all(error) and not (first and error.code == "late"):
                raise
            first = first or error
            if isinstance(error, Failed):
                found[key] = None
            else:
                whole = False
    if whole:
        found["asked_at"] = now
    return name, found, first


def _contributors(github: "GitHub", name: str) -> list[dict[str, Any]] | None:
    from labtool.services.github import TOO_LARGE

    try:
        people = github.of(name, "contributors", per_page=_MOST_PEOPLE).data
    except Failed as error:
        if error.code != TOO_LARGE:
            raise
        return None
    return _people(people, "contributions")


def _people(people: Any, key: str) -> list[dict[str, Any]]:
    return [
        {"login": shapes.text(one.get("login"), 100), "commits": shapes.count(one.get(key))}
        for one in shapes.objects(people)[:_MOST_PEOPLE]
    ]


def _statistics(github: "GitHub", name: str) -> dict[str, Any]:
    weeks = _weeks(github, name)
    return {"pending": True} if weeks is None else {"weeks": weeks, "pending": False}


def _counted(github: "GitHub", names: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The weeks that GitHub was still counting, as far as it is done while there is time."""
    for pause in _PAUSES:
        if not names or github.left < pause + _SPARE:
            return
        time.sleep(pause)
        for name in list(names):
            try:
                weeks = _weeks(github, name)
            except LabtoolError as error:
                if ends_all(error):
                    raise
                names.remove(name)
                continue
            if weeks is not None:
                names.remove(name)
                yield name, weeks


def _weeks(github: "GitHub", name: str) -> list[dict[str, Any]] | None:
    """The last weeks, oldest first; None while GitHub still counts."""
    commits = github.of(name, "stats", "commit_activity")
    lines = github.of(name, "stats", "code_frequency")
    if commits.pending or lines.pending:
        return None
    found: dict[int, dict[str, Any]] = {}
    for week in shapes.objects(commits.data):
        at = _sunday(week.get("week"))
        if at is not None:
            total = shapes.count(week.get("total"))
            found[at] = {"commits": total, "additions": None, "deletions": None}
    for row in shapes.listed(lines.data):
        at = _sunday(row[0]) if isinstance(row, list) and len(row) == 3 else None
        if at in found:
            deletions = shapes.whole(row[2])
            found[at] |= {
                "additions": shapes.count(row[1]),
                "deletions": None if deletions is None else abs(deletions),
            }
    days = {at: str(datetime.fromtimestamp(at, UTC).date()) for at in sorted(found)[-_WEEKS:]}
    return [{"week": day, **found[at]} for at, day in days.items()]


def _sunday(value: Any) -> int | None:
    at = shapes.whole(value)
    return at if at is not None and shapes.seconds(at) is not None else None
