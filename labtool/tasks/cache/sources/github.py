"""`kind: github`: the repositories of organisations and users.

Its data:

    {"repositories": [{"name" (OWNER/NAME), "url", "description", "private", "archived",
        "stars", "forks", "issues" (open, without pulls), "pulls" (open), "branches", "pushed_at",
        "contributors": [{"login", "commits"}], those with the most first, at most 100,
        "weeks": [{"week" (its Sunday), "commits", "additions", "deletions"}], the last 52,
        "pending" (GitHub still counts: `weeks` are older), "asked_at"}],
     "left_out": how many repositories there are beyond `largest`}

in the order of the last push. What GitHub does not say is null: `branches`, `pulls`, `issues`,
`contributors` and `weeks` of those beyond `detailed`, `contributors` of those too large for
GitHub to list them, and `additions` and `deletions` of those with more than 10 000 commits. What
fails, or is ended by a rate limit, keeps what was known, and is an error of the run; `asked_at`
(ISO 8601, UTC) is when all of a repository was answered last.

Series: `stars/NAME`, `forks/NAME`, `issues/NAME`, `pulls/NAME`, `commits/NAME` (of the last whole
week), of the repositories with the most stars.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from labtool.core import shapes
from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import LabtoolError
from labtool.core.text import counted
from labtool.tasks.cache.sources import _repositories as details
from labtool.tasks.cache.sources._base import Answer, Expiry, Question, SourceOptions
from labtool.tasks.cache.sources._parts import told

if TYPE_CHECKING:
    from labtool.services.github import GitHub

Owner = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
FullName = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")]

_ASKED_FOR = re.compile(r"(?!\.+/)[\w.-]+/(?!\.+$)[\w.-]+", re.ASCII)
_MOST_LINES = 40
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
        etags = Etags(file)
        before = details.known(question.before)
        try:
            github = GitHub(self.base_url, token, question.seconds, etags)
            listing = _Listing(before)
            self._list(github, listing, question)
            found = listing.sorted()[: self.largest]
            names = [one["name"] for one in found if _ASKED_FOR.fullmatch(one["name"])]
            more = details.detailed(github, names[: self.detailed], before, question)
        finally:
            etags.close()
        shown = [_whole(one, more.of.get(one["name"])) for one in found]
        left_out = max(listing.total, len(listing.found)) - len(shown)
        expiry = Expiry("the token of GitHub", github.expires) if github.expires else None
        problems = told("GitHub", listing.errors | more.errors)
        return Answer(
            {"repositories": shown, "left_out": left_out},
            _numbers(shown),
            {"etags": True},
            problems=(*problems, *([more.ended] if more.ended else [])),
            expires=expiry,
        )

    def _list(self, github: "GitHub", listing: "_Listing", question: Question) -> None:
        """Whatever the config names. Raises the first error where none of it is there."""
        owners: list[tuple[Literal["orgs", "users"], Owner]] = [
            *(("orgs", owner) for owner in self.organisations),
            *(("users", owner) for owner in self.users),
        ]
        for kind, owner in owners:

            def listed(kind: Literal["orgs", "users"] = kind, owner: str = owner) -> None:
                found = github.repositories(kind, owner, self.largest)
                listing.add(found.listed, found.total)

            listing.attempt(owner, f"{owner}/", listed)
            found = counted(len(listing.found), "repository", "repositories")
            question.progress(f"{found} listed")
        for name in self.repositories:

            def single(name: str = name) -> None:
                reply = github.of(name, needed=True)
                listing.add([reply.data] if isinstance(reply.data, dict) else [{}], 1)

            if name not in listing.found:
                listing.attempt(name, name, single)
        if listing.errors and not listing.answered:
            raise listing.errors[next(iter(listing.errors))]


class _Listing:
    """What is listed by full name, how many there are, and what could not be listed."""

    def __init__(self, before: Mapping[str, Mapping[str, Any]]) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.total = 0
        self.errors: dict[str, LabtoolError] = {}
        self.answered = False
        self._before = before

    def add(self, rows: Sequence[Mapping[str, Any]], total: int) -> None:
        """What GitHub listed, of so many."""
        self.answered = True
        for row in rows:
            one = details.described(row)
            total -= one["name"] in self.found
            self.found.setdefault(one["name"], one)
        self.total += total

    def attempt(self, what: str, prefix: str, ask: "Callable[[], None]") -> None:
        """Ask; where that fails, what was known of it (by how its names begin) stays. Raises
        what would meet the others too."""
        try:
            ask()
        except LabtoolError as error:
            if details.ends_all(error):
                raise
            self.errors[what] = error
            for name, one in self._before.items():
                if name.casefold().startswith(prefix.casefold()) and name not in self.found:
                    self.found[name] = {k: v for k, v in one.items() if k not in details.UNKNOWN}
                    self.total += 1

    def sorted(self) -> list[dict[str, Any]]:
        """Those first that were pushed to last."""
        return sorted(
            self.found.values(), key=lambda one: (one["pushed_at"] or "", one["name"]), reverse=True
        )


def _whole(one: Mapping[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
    """A repository with its details, as far as those were asked for."""
    whole = {**one, **(more or details.UNKNOWN)}
    pulls, listed = whole["pulls"], whole.pop("listed")
    known = listed is not None and pulls is not None
    return {**whole, "issues": max(0, listed - pulls) if known else None}


def _numbers(shown: Sequence[dict[str, Any]]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in sorted(shown, key=lambda one: (-(one["stars"] or 0), one["name"]))[:_MOST_LINES]:
        for metric in _SERIES:
            if one[metric] is not None:
                numbers[f"{metric}/{one['name']}"] = float(one[metric])
        week = (one["weeks"] or [])[-2:-1]
        commits = shapes.count(week[0].get("commits")) if week else None
        if commits is not None:
            numbers[f"commits/{one['name']}"] = float(commits)
    return numbers
