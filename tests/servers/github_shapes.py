"""Objects in the shapes that GitHub publishes, with every field that its schema requires."""

from dataclasses import dataclass, field
from typing import Any

WHEN = "2026-11-20T09:00:00Z"
_REPO_URLS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits",
    "compare", "contents", "contributors", "deployments", "downloads", "events", "forks",
    "git_commits", "git_refs", "git_tags", "hooks", "issue_comment", "issue_events", "issues",
    "keys", "labels", "languages", "merges", "milestones", "notifications", "pulls", "releases",
    "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees", "git",
    "ssh", "clone", "svn", "mirror",
)  # fmt: skip
_USER_URLS = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos",
    "events", "received_events",
)  # fmt: skip
_PULL_URLS = (
    "html", "diff", "patch", "issue", "commits", "review_comments", "review_comment",
    "comments", "statuses",
)  # fmt: skip
_PULL_LINKS = (
    "comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment",
    "self",
)  # fmt: skip


@dataclass(slots=True)
class Repo:
    """What a test says of a repository. `counting` is how often statistics are 202 first."""

    owner: str
    name: str
    private: bool = False
    archived: bool = False
    stars: int = 0
    forks: int = 0
    issues: int = 0
    pulls: int = 0
    branches: int = 1
    pushed_at: str | None = WHEN
    contributors: dict[str, int] = field(default_factory=dict)
    weeks: list[tuple[int, int, int, int]] = field(default_factory=list)
    counting: int = 0
    too_large: bool = False

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return f"{self.owner}/{self.name}"


def user(login: str, url: str) -> dict[str, Any]:
    """A simple user."""
    return {
        "login": login,
        "id": 1,
        "node_id": "U_1",
        "avatar_url": f"{url}/a.png",
        "gravatar_id": "",
        "url": f"{url}/users/{login}",
        "html_url": f"{url}/{login}",
        "type": "User",
        "site_admin": False,
        **{f"{name}_url": f"{url}/users/{login}/{name}" for name in _USER_URLS},
    }


def repository(repo: Repo, url: str) -> dict[str, Any]:
    """A full repository, which is a minimal one too."""
    return {
        "id": 1,
        "node_id": "R_1",
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": user(repo.owner, url),
        "private": repo.private,
        "html_url": f"{url}/{repo.full_name}",
        "url": f"{url}/repos/{repo.full_name}",
        "description": f"About {repo.name}",
        "fork": False,
        **{f"{name}_url": f"{url}/{repo.full_name}/{name}" for name in _REPO_URLS},
        "homepage": None,
        "language": "Python",
        "license": None,
        "forks": repo.forks,
        "forks_count": repo.forks,
        "stargazers_count": repo.stars,
        "watchers": repo.stars,
        "watchers_count": repo.stars,
        "open_issues": repo.issues + repo.pulls,
        "open_issues_count": repo.issues + repo.pulls,
        "size": 1,
        "default_branch": "main",
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": False,
        "has_discussions": False,
        "archived": repo.archived,
        "disabled": False,
        "visibility": "private" if repo.private else "public",
        "pushed_at": repo.pushed_at or WHEN,
        "created_at": WHEN,
        "updated_at": WHEN,
        "network_count": 0,
        "subscribers_count": 0,
    }


def pull(repo: Repo, number: int, url: str) -> dict[str, Any]:
    """A simple pull request."""
    at = f"{url}/repos/{repo.full_name}/pulls/{number}"
    side = {
        "label": f"{repo.owner}:main",
        "ref": "main",
        "sha": "0" * 40,
        "repo": repository(repo, url),
        "user": user(repo.owner, url),
    }
    return {
        "url": at,
        "id": number,
        "node_id": f"PR_{number}",
        **{f"{name}_url": f"{at}/{name}" for name in _PULL_URLS},
        "number": number,
        "state": "open",
        "locked": False,
        "title": f"Pull {number}",
        "user": user(repo.owner, url),
        "body": None,
        "labels": [],
        "milestone": None,
        "created_at": WHEN,
        "updated_at": WHEN,
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "assignee": None,
        "head": side,
        "base": side,
        "_links": {name: {"href": f"{at}/{name}"} for name in _PULL_LINKS},
        "author_association": "OWNER",
        "auto_merge": None,
    }


def branch(number: int, url: str) -> dict[str, Any]:
    """A short branch."""
    commit = {"sha": "0" * 40, "url": f"{url}/commits/0"}
    return {"name": f"branch-{number}", "commit": commit, "protected": False}
