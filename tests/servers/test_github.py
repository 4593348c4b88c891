"""The stand-in for GitHub answers in the shapes that GitHub publishes (npm @octokit/openapi)."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests import tools
from tests.servers.github import GitHub
from tests.servers.github_shapes import Repo

WEEK = 1_763_856_000


@pytest.fixture(scope="module")
def github() -> Iterator[GitHub]:
    server = GitHub()
    server.start()
    server.add(
        Repo("example", "code", pulls=2, branches=3, contributors={"ann": 5}, stars=3,
             weeks=[(WEEK, 4, 10, 3)])
    )  # fmt: skip
    server.repos["ann/notes"] = Repo("ann", "notes")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    tools.require("octokit")
    found: dict[str, Any] = json.loads(tools.OCTOKIT.read_bytes(), object_hook=_nullable)
    return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 says of a value that it may be null as JSON Schema does not."""
    if schema.get("nullable") is not True:
        return schema
    return {"anyOf": [{k: v for k, v in schema.items() if k != "nullable"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/orgs/example/repos", "/orgs/{org}/repos"),
        ("/users/ann/repos", "/users/{username}/repos"),
        ("/repos/example/code", "/repos/{owner}/{repo}"),
        ("/repos/example/code/pulls", "/repos/{owner}/{repo}/pulls"),
        ("/repos/example/code/branches", "/repos/{owner}/{repo}/branches"),
        ("/repos/example/code/contributors", "/repos/{owner}/{repo}/contributors"),
        ("/repos/example/code/stats/commit_activity",
         "/repos/{owner}/{repo}/stats/commit_activity"),
        ("/repos/example/code/stats/code_frequency", "/repos/{owner}/{repo}/stats/code_frequency"),
    ],
)  # fmt: skip
def test_shapes(github: GitHub, published: dict[str, Any], path: str, template: str) -> None:
    with urllib.request.urlopen(github.url + path, timeout=10) as reply:
        answered = json.load(reply)
    assert answered
    responses = published["paths"][template]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": published["components"]}).validate(
        answered
    )
