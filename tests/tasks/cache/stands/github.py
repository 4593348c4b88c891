"""`kind: github`: an organisation and a user."""

from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.faults import Fault
from tests.servers.github import TOKEN, GitHub
from tests.servers.github_shapes import Repo

_WEEK = 1_763_856_000  # a Sunday, 2025-11-23


class Stand:
    """Code, private notes, and somebody's homepage."""

    kind = "github"
    odd: ClassVar = [
        Fault.json({}),
        Fault.json(None),
        Fault.json([None, 3, {}]),
        Fault.json([{"full_name": None, "open_issues_count": None, "pushed_at": None}]),
        Fault.json([{"week": None}, [1, 2], [None, None, None]]),
    ]

    def __init__(self) -> None:
        self.proxy = self._server = GitHub()

    def start(self) -> Self:
        self.proxy.start()
        return self

    def stop(self) -> None:
        self.proxy.stop()

    def reset(self) -> None:
        self.proxy.reset()
        weeks = [(_WEEK + 604_800 * n, 4, 10, 3) for n in range(3)]
        self._server.add(
            Repo("example", "code", stars=12, forks=3, issues=5, pulls=2, branches=4,
                 contributors={"ann": 50, "bob": 7}, weeks=weeks,
                 pushed_at="2026-11-24T10:00:00Z")
        )  # fmt: skip
        self._server.add(Repo("example", "notes", private=True))
        self._server.repos["ann/homepage"] = Repo("ann", "homepage", archived=True)

    def config(self, folder: Path) -> dict[str, Any]:
        source = {
            "kind": self.kind,
            "base_url": self.proxy.url,
            "organisations": ["example"],
            "users": ["ann"],
            "token": "${GITHUB_TOKEN}",
        }
        return {"cache": {"source": source}}

    def env(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN}

    def empty(self) -> None:
        self._server.repos.clear()

    def many(self) -> int:
        self.proxy.reset()
        for number in range(230):
            self._server.add(Repo("example", f"code-{number}"))
        return 230

    def good(self, data: Any) -> None:
        assert data["left_out"] == 0
        code, *others = data["repositories"]
        assert {one["name"] for one in others} == {"example/notes", "ann/homepage"}
        assert code["name"] == "example/code"
        assert (code["stars"], code["forks"], code["branches"]) == (12, 3, 4)
        assert (code["issues"], code["pulls"]) == (5, 2)
        assert code["pushed_at"] == "2026-11-24T10:00:00Z"
        assert code["contributors"] == [
            {"login": "ann", "commits": 50}, {"login": "bob", "commits": 7},
        ]  # fmt: skip
        assert code["weeks"][0] == {
            "week": "2025-11-23", "commits": 4, "additions": 10, "deletions": 3,
        }  # fmt: skip
        assert len(code["weeks"]) == 3
        assert code["asked_at"]
        notes = next(one for one in others if one["private"])
        assert (notes["pulls"], notes["weeks"], notes["contributors"]) == (0, [], [])

    def bare(self, data: Any) -> None:
        assert data == {"repositories": [], "left_out": 0}

    def count(self, data: Any) -> int:
        return len(data["repositories"])

    def refused(self) -> Fault:
        return Fault.json({"message": "Bad credentials"}, status=401)

    def forbidden(self) -> Fault | None:
        return Fault.json(
            {"message": "Resource not accessible by personal access token"}, status=403
        )

    def limited(self, seconds: int) -> Fault:
        body = '{"message": "You have exceeded a secondary rate limit."}'
        return Fault.reply(body, status=403, headers={"Retry-After": str(seconds)})
