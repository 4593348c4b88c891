"""The config's section `webhooks`: `github: {PROJECT: {secret: ...}}`."""

from typing import Annotated

from pydantic import Field, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Misplaced, Section, Words, misplaced
from labtool.tasks.jobs.section import Namespace

# What a rule may put into a job's parameters, by name, of what GitHub says.
FIELDS = ("branch", "sha", "number", "title", "author", "label", "tag", "url", "event", "action")


class Rule(Section):
    """An event that starts a job; what is not named matches anything."""

    event: str = Field(min_length=1, description="As GitHub calls it: push, release, issues ...")
    action: str = Field(default="", description="Such as opened, closed, published, labeled")
    branch: Words = ()
    label: Words = ()
    job: str = Field(min_length=1, description="Its type, NAMESPACE_JOB")
    parameters: dict[str, str] = Field(
        default_factory=dict, description="Text, with {branch}, {sha}, {number} and so on in it"
    )
    delay_seconds: Annotated[float, Field(ge=0, le=366 * 86400)] = 0


class Project(Section):
    """A repository's webhook: /webhooks/github/PROJECT."""

    secret: Secret
    allow_sha1: bool = Field(default=False, description="Take signatures of the old kind too")
    deploy: bool = Field(default=True, description="A merged pull request starts PROJECT_deploy")
    branch: Words = Field(
        default=(), description="Into which it is merged; default: the repository's default branch"
    )
    delay_seconds: Annotated[float, Field(ge=0, le=86400)] = 60
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _fields(self) -> "Project":
        found = []
        for number, rule in enumerate(self.rules):
            for name, text in rule.parameters.items():
                try:
                    text.format_map(dict.fromkeys(FIELDS, ""))
                except (KeyError, ValueError, IndexError, AttributeError):
                    loc = ("rules", number, "parameters", name)
                    fix = f"fields are {', '.join(FIELDS)}; a brace is {{{{"
                    found.append(Misplaced(loc, f"{text!r} names no such field", fix))
        if found:
            raise misplaced("Project", found)
        return self


def deploy_of(project: str) -> str:
    """The job that a merged pull request starts."""
    return f"{project}_deploy"


class Webhooks(Section):
    """Who may tell what."""

    github: dict[Namespace, Project] = Field(default_factory=dict)
