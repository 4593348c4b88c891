"""GitHub's REST API, the part that is read: repositories, pulls, branches, contributors,
statistics (202 before 200), Link paging, ETag and 304, rate limits, tokens.

npm's emulate has neither ETags nor statistics, nor an organisation's repositories; with those
put over it nothing of it would be left. The shapes are checked against what GitHub publishes
(tests/servers/test_github.py).
"""

import hashlib
import json
import time
from collections import Counter
from typing import Any

from aiohttp import web

from tests.servers.github_shapes import Repo, branch, pull, repository, user
from tests.servers.http import HttpServer

TOKEN = "github_pat_of_the_lab"


class GitHub(HttpServer):
    """`repos` by full name; `remaining` requests until the rate limit, which 304 does not
    touch; `expires` is what answers say of the token."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._clear()

    def _clear(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.organisations: set[str] = set()
        self.limit = self.remaining = 5000
        self.expires = ""
        self._asked: Counter[str] = Counter()

    def reset(self) -> None:
        """Nothing there; requests and faults are forgotten."""
        super().reset()
        self._clear()

    def add(self, repo: Repo) -> Repo:
        """A repository of an organisation."""
        self.repos[repo.full_name] = repo
        self.organisations.add(repo.owner)
        return repo

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        if given not in (None, f"Bearer {TOKEN}"):
            return self._said(401, {"message": "Bad credentials", "status": "401"})
        if self.remaining <= 0:
            return self._said(403, {"message": "API rate limit exceeded for user ID 1."})
        status, data, pages = self._found(request.path.strip("/").split("/"), request)
        if data is None:
            self.remaining -= 1
            return self._said(status, {} if status == 202 else {"message": "Not Found"})
        body = json.dumps(data).encode()
        headers = {"ETag": f'W/"{hashlib.sha256(body).hexdigest()}"', **pages}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers={**headers, **self._rate()})
        self.remaining -= 1
        return web.Response(
            body=body, headers={**headers, **self._rate()}, content_type="application/json"
        )

    def _found(self, parts: list[str], request: web.Request) -> tuple[int, Any, dict[str, str]]:
        match parts:
            case ["orgs", owner, "repos"] if owner in self.organisations:
                repos = [r for r in self.repos.values() if r.owner == owner]
                repos.sort(key=lambda repo: repo.pushed_at or "", reverse=True)
                return self._page([repository(r, self.url) for r in repos], request)
            case ["users", owner, "repos"] if owner not in self.organisations:
                repos = [r for r in self.repos.values() if r.owner == owner]
                return self._page([repository(r, self.url) for r in repos], request)
            case ["repos", owner, name, *rest] if f"{owner}/{name}" in self.repos:
                return self._of(self.repos[f"{owner}/{name}"], rest, request)
        return 404, None, {}

    def _of(
        self, repo: Repo, rest: list[str], request: web.Request
    ) -> tuple[int, Any, dict[str, str]]:
        match rest:
            case []:
                return 200, repository(repo, self.url), {}
            case ["pulls"]:
                return self._page([pull(repo, n, self.url) for n in range(repo.pulls)], request)
            case ["branches"]:
                return self._page([branch(n, self.url) for n in range(repo.branches)], request)
            case ["contributors"]:
                people = [
                    {**user(login, self.url), "contributions": commits}
                    for login, commits in repo.contributors.items()
                ]
                return self._page(people, request)
            case ["stats", name]:
                self._asked[request.path] += 1
                if self._asked[request.path] <= repo.counting:
                    return 202, None, {}
                return self._statistics(repo, name)
        return 404, None, {}

    def _statistics(self, repo: Repo, name: str) -> tuple[int, Any, dict[str, str]]:
        if name == "commit_activity":
            weeks = [
                {"week": at, "total": commits, "days": [commits, 0, 0, 0, 0, 0, 0]}
                for at, commits, _, _ in repo.weeks
            ]
            return 200, weeks, {}
        if repo.too_large:
            return 422, None, {}
        return 200, [[at, added, -deleted] for at, _, added, deleted in repo.weeks], {}

    def _page(self, every: list[Any], request: web.Request) -> tuple[int, Any, dict[str, str]]:
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        last = max(1, -(-len(every) // size))
        links = {}
        if page < last:
            links = {
                "Link": f"{self._to(request, page + 1, 'next')}, {self._to(request, last, 'last')}"
            }
        return 200, every[(page - 1) * size : page * size], links

    def _to(self, request: web.Request, page: int, rel: str) -> str:
        query = {**request.query, "page": str(page)}
        return f'<{request.url.with_query(query)}>; rel="{rel}"'

    def _rate(self) -> dict[str, str]:
        found = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.remaining)),
            "X-RateLimit-Reset": str(int(time.time()) + 1800),
        }
        if self.expires:
            found["GitHub-Authentication-Token-Expiration"] = self.expires
        return found

    def _said(self, status: int, body: dict[str, Any]) -> web.Response:
        raw = json.dumps(body).encode()
        return web.Response(
            status=status, body=raw, headers=self._rate(), content_type="application/json"
        )
