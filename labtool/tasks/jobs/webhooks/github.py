"""GitHub's webhooks (docs.github.com/webhooks): whether one is GitHub's, and what it says. Pure."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from labtool.core.text import one_line
from labtool.tasks.jobs.webhooks.section import Project, Rule, deploy_of


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: `fields` by the names that rules use; `main` is the repository's default
    branch."""

    name: str
    action: str
    merged: bool
    labels: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    main: str = ""


def is_signed(body: bytes, headers: Mapping[str, str], secret: str, *, allow_sha1: bool) -> bool:
    """Whether the body has the secret's signature, in a time that says nothing of it."""
    kinds = {"sha256": "x-hub-signature-256"} | ({"sha1": "x-hub-signature"} if allow_sha1 else {})
    found = False
    for kind, header in kinds.items():
        given = headers.get(header, "").encode("utf-8", "replace")
        mac = hmac.new(secret.encode(), body, getattr(hashlib, kind)).hexdigest()
        found |= hmac.compare_digest(f"{kind}={mac}".encode(), given)
    return found


_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}|sha1=[0-9a-f]{40}")


def has_signature(headers: Mapping[str, str]) -> bool:
    """Whether there is anything to look at."""
    names = ("x-hub-signature-256", "x-hub-signature")
    return any(_SIGNATURE.fullmatch(headers.get(name, "")) for name in names)


def read(name: str, body: bytes, content_type: str) -> Event:
    """What a body says. Raises ValueError for one that makes no sense."""
    try:
        text = body.decode()
        if content_type.partition(";")[0].strip() == "application/x-www-form-urlencoded":
            text = parse_qs(text)["payload"][0]
        found = json.loads(text)
    except (ValueError, KeyError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if isinstance(found, dict):
        return _event(name, found)
    raise ValueError("the body is no object")


def _event(name: str, found: dict[str, Any]) -> Event:
    pull = _part(found, "pull_request") or _part(found, "issue")
    release = _part(found, "release")
    labels = [_text(one.get("name")) for one in _list(pull.get("labels")) if isinstance(one, dict)]
    given = _text(_part(found, "label").get("name"))
    ref = _text(found.get("ref"))
    branch = _text(_part(pull, "base").get("ref")) or ref.removeprefix("refs/heads/")
    tag = _text(release.get("tag_name"))
    if ref.startswith("refs/tags/"):
        branch, tag = "", ref.removeprefix("refs/tags/")
    action = _text(found.get("action"))
    fields = {
        "branch": branch,
        "sha": _text(pull.get("merge_commit_sha")) or _text(found.get("after")),
        "number": _text(pull.get("number")),
        "title": _text(pull.get("title")) or _text(release.get("name")),
        "author": _text(_part(pull, "user").get("login"))
        or _text(_part(found, "sender").get("login")),
        "label": given,
        "tag": tag,
        "url": _text(pull.get("html_url")) or _text(found.get("compare")),
        "event": name,
        "action": action,
    }
    merged = name == "pull_request" and action == "closed" and pull.get("merged") is True
    main = _text(_part(found, "repository").get("default_branch"))
    return Event(name, action, merged, tuple({*labels, given} - {""}), fields, main)


def matches(rule: Rule, event: Event) -> bool:
    """Whether an event is one that a rule is about."""
    return (
        rule.event == event.name
        and rule.action in ("", event.action)
        and (not rule.branch or event.fields["branch"] in rule.branch)
        and (not rule.label or not set(rule.label).isdisjoint(event.labels))
    )


def arguments(rule: Rule, event: Event) -> dict[str, str]:
    """A job's parameters, as a rule fills them."""
    return {name: text.format_map(event.fields) for name, text in rule.parameters.items()}


def wanted(project: Project, name: str, event: Event) -> list[tuple[str, dict[str, str], float]]:
    """The jobs that an event starts: type, arguments, and after how many seconds."""
    found: list[tuple[str, dict[str, str], float]] = []
    if is_deployed(project, event):
        found.append((deploy_of(name), {}, project.delay_seconds))
    rules = [rule for rule in project.rules if matches(rule, event)]
    return found + [(rule.job, arguments(rule, event), rule.delay_seconds) for rule in rules]


def is_deployed(project: Project, event: Event) -> bool:
    """Whether a pull request was merged into the branch that counts."""
    branches = project.branch or (event.main,)
    there = event.fields["branch"] in branches or branches == ("",)
    return event.merged and project.deploy and there


def idle(project: Project, event: Event) -> str:
    """Why an event starts nothing."""
    if event.merged and project.deploy:
        wanted = one_line(" or ".join(project.branch or (event.main,)))
        return f"nothing to do: merged into {one_line(event.fields['branch'])}, not {wanted}"
    return "nothing to do"


def _part(found: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = found.get(key)
    return part if isinstance(part, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)
