"""`kind: github`: the repositories of organisations and users.

Its data:

    {"repositories": [{"name" (OWNER/NAME), "url", "description", "private", "archived",
        "stars", "forks", "issues" (open, without pulls), "pulls" (open), "branches", "pushed_at",
        "contributors": [{"login", "commits"}], those with the most first, at most 100,
        "weeks": [{"week" (its Sunday), "commits", "additions", "deletions"}], the last 52,
        "pending" (GitHub still counts: `weeks` are older), "asked_at"}],
     "left_out": repositories beyond `largest`}

in the order of the last push. What GitHub does not say is null: `branches`, `pulls`, `issues`,
`contributors` and `weeks` of those beyond `detailed`, and `additions` and `deletions` of
repositories with more than 10 000 commits. Where a rate limit ends a refresh, the rest keeps
what was known at `asked_at` (ISO 8601, UTC).

Series: `stars/NAME`, `forks/NAME`, `issues/NAME`, `pulls/NAME`, `commits/NAME` (of the last whole
week), of the repositories with the most stars.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from labtool.core.clock import iso
from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import Temporary
from labtool.core.threads import each
from labtool.tasks.cache.sources._base import Answer, Expiry, Question, SourceOptions

if TYPE_CHECKING:
    from labtool.services.github import GitHub

Owner = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
FullName = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")]

_AT_ONCE = 8
_SPARE = 5.0
_WEEKS = 52
_MOST_LINES = 40
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_UNKNOWN: Mapping[str, Any] = {
    "pulls": None,
    "branches": None,
    "contributors": None,
    "weeks": None,
    "pending": False,
    "asked_at": None,
}
_SERIES = ("stars", "forks", "issues", "pulls")


class Options(SourceOptions):
    """Organisations, users, and single repositories. A token sees more, and may ask more."""

    schema_version: ClassVar[int] = 1
    # Names of private repositories.
    public_history: ClassVar[bool] = False

    kind: Literal["github"]
    organisations: tuple[Owner, ...] = ()
    users: tuple[Owner, ...] = ()
    repositories: tuple[FullName, ...] = ()
    token: Secret | None = Field(default=None, description="Without one: 60 calls an hour")
    largest: Annotated[int, Field(ge=1, le=10_000)] = 1000
    detailed: Annotated[int, Field(ge=0, le=2000)] = Field(
        default=100, description="How many have contributors, weeks and counts; five calls each"
    )
    timeout: Duration = Field(default=timedelta(minutes=3), description="For all of it")
    base_url: str = Field(default="https://api.github.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _names_something(self) -> "Options":
        if not (self.organisations or self.users or self.repositories):
            raise mistake("names nothing to ask for", "write organisations: [NAME]")
        return self

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services import etags, github  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """List them, then ask for the details of those that were pushed to last."""
        from labtool.services.etags import Etags
        from labtool.services.github import GitHub

        token = self.token.reveal() if self.token else ""
        file = question.config.state / "cache" / f"{question.name}.http.db"
        if not question.memory:  # as with --force: everything anew
            file.unlink(missing_ok=True)
        known = Etags(file)
        try:
            github = GitHub(self.base_url, token, question.seconds, known)
            found = []
            for one in self._listed(github):
                found.append(one)
                if len(found) % 100 == 0:
                    question.progress(f"{len(found)} repositories listed")
            found.sort(key=lambda one: (one["pushed_at"] or "", one["name"]), reverse=True)
            shown = _with_details(github, found[: self.largest], question, self.detailed)
        finally:
            known.close()
        data = {"repositories": shown, "left_out": len(found) - len(shown)}
        expiry = Expiry("the token of GitHub", github.expires) if github.expires else None
        return Answer(data, _numbers(shown), {"etags": True}, expires=expiry)

    def _listed(self, github: "GitHub") -> Iterator[dict[str, Any]]:
        names = set[str]()
        owners = [("orgs", o) for o in self.organisations] + [("users", u) for u in self.users]
        for kind, owner in owners:
            # One more than wanted tells that there are more.
            for one in github.repositories(kind, owner, self.largest + 1):  # type: ignore[arg-type]  # one of two
                found = _repository(one)
                if found["name"] not in names:
                    names.add(found["name"])
                    yield found
        for name in self.repositories:
            if name not in names:
                names.add(name)
                reply = github.get(f"/repos/{name}", needed=True)
                yield _repository(reply.data if isinstance(reply.data, dict) else {})


def _repository(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(one.get("full_name") or one.get("name") or "unnamed"),
        "url": one.get("html_url"),
        "description": one.get("description"),
        "private": bool(one.get("private")),
        "archived": bool(one.get("archived")),
        "stars": one.get("stargazers_count"),
        "forks": one.get("forks_count"),
        "pushed_at": one.get("pushed_at"),
        # Issues and pulls together, as GitHub counts them.
        "listed": one.get("open_issues_count"),
    }


def _with_details(
    github: "GitHub", shown: Sequence[dict[str, Any]], question: Question, most: int
) -> list[dict[str, Any]]:
    """The repositories with their details, as far as those are asked for."""
    names = [one["name"] for one in shown[:most]]
    details = _details(github, names, question)
    found = []
    for one in shown:
        whole = {**one, **details.get(one["name"], _UNKNOWN)}
        pulls, listed = whole["pulls"], one["listed"]
        known = isinstance(listed, int) and pulls is not None
        whole["issues"] = listed - pulls if known else None
        del whole["listed"]
        found.append(whole)
    return found


def _details(
    github: "GitHub", names: Sequence[str], question: Question
) -> dict[str, dict[str, Any]]:
    """The details of each. Who was not asked for the longest time comes first; what a rate
    limit or the time does not allow stays as it was."""
    before = _known(question.before)
    details = {name: before.get(name, dict(_UNKNOWN)) for name in names}
    order = sorted(names, key=lambda name: details[name]["asked_at"] or "")
    now, asked = iso(question.now), 0
    try:
        for name, found in each(lambda n: (n, _asked(github, n, now)), order, _AT_ONCE):
            details[name] = {**details[name], **found}
            asked += 1
            question.progress(f"{asked} of {len(names)} repositories")
        for name, weeks in _counted(github, [n for n in names if details[n]["pending"]]):
            details[name] |= {"weeks": weeks, "pending": False}
    except Temporary as error:
        if error.code not in ("ratelimited", "late") or not asked:
            raise
    return details


def _asked(github: "GitHub", name: str, now: str) -> dict[str, Any]:
    path = f"/repos/{name}"
    people = github.get(f"{path}/contributors", per_page=100).data
    found = {
        "pulls": github.count(f"{path}/pulls", state="open"),
        "branches": github.count(f"{path}/branches"),
        "contributors": [
            {"login": person.get("login"), "commits": person.get("contributions")}
            for person in (people if isinstance(people, list) else [])
            if isinstance(person, dict)
        ],
        "asked_at": now,
    }
    weeks = _weeks(github, path)
    if weeks is None:
        return {**found, "pending": True}
    return {**found, "weeks": weeks, "pending": False}


def _counted(github: "GitHub", names: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The weeks that GitHub was still counting, as far as it is done while there is time."""
    for pause in _PAUSES:
        if not names or github.left < pause + _SPARE:
            return
        time.sleep(pause)
        for name in list(names):
            weeks = _weeks(github, f"/repos/{name}")
            if weeks is not None:
                names.remove(name)
                yield name, weeks


def _weeks(github: "GitHub", path: str) -> list[dict[str, Any]] | None:
    """The last weeks, oldest first; None while GitHub still counts."""
    commits = github.get(f"{path}/stats/commit_activity")
    lines = github.get(f"{path}/stats/code_frequency")
    if commits.pending or lines.pending:
        return None
    found: dict[int, dict[str, Any]] = {}
    for week in commits.data if isinstance(commits.data, list) else ():
        if isinstance(week, dict) and isinstance(week.get("week"), int):
            found[week["week"]] = {
                "commits": week.get("total"),
                "additions": None,
                "deletions": None,
            }
    for row in lines.data if isinstance(lines.data, list) else ():
        if isinstance(row, list) and len(row) == 3 and row[0] in found:
            found[row[0]] |= {"additions": row[1], "deletions": abs(row[2] or 0)}
    days = {at: str(datetime.fromtimestamp(at, UTC).date()) for at in sorted(found)[-_WEEKS:]}
    return [{"week": day, **found[at]} for at, day in days.items()]


def _known(before: Any) -> dict[str, dict[str, Any]]:
    """The details of the last answer, by name."""
    found = before.get("repositories") if isinstance(before, dict) else None
    return {one["name"]: {key: one[key] for key in _UNKNOWN} for one in found or ()}


def _numbers(shown: Sequence[dict[str, Any]]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in sorted(shown, key=lambda one: (-(one["stars"] or 0), one["name"]))[:_MOST_LINES]:
        for metric in _SERIES:
            if isinstance(one[metric], int):
                numbers[f"{metric}/{one['name']}"] = float(one[metric])
        whole = (one["weeks"] or [])[:-1]
        if whole and whole[-1]["commits"] is not None:
            numbers[f"commits/{one['name']}"] = float(whole[-1]["commits"])
    return numbers
