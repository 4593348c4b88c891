"""The config sections of tasks: name, and the model beside the task's code.

To add a task with a section of its own, add its line here.
"""

from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from labtool.core.config import Config, validate
from labtool.core.config.models import Core
from labtool.core.config.parts import read_whole
from labtool.core.config.secrets import environment
from labtool.core.errors import Problem

SECTIONS = {
    "backup": "labtool.tasks.backup.section:Backup",
    "cache": "labtool.tasks.cache.section:Cache",
    "instruments": "labtool.tasks.instruments.section:Instruments",
    "jobs": "labtool.tasks.jobs.section:Jobs",
    "jobs_settings": "labtool.tasks.jobs.section:JobsSettings",
    "page": "labtool.tasks.page.section:Page",
    "serve": "labtool.tasks.page.section:Serve",
    "ptg": "labtool.tasks.ptg.section:Ptg",
    "doctor": "labtool.tasks.report.section:Doctor",
    "report": "labtool.tasks.report.section:Report",
    "engine": "labtool.tasks.workflow.section:Engine",
    "triggers": "labtool.tasks.workflow.triggers.section:Triggers",
    "workflows": "labtool.tasks.workflow.section:Workflows",
    "webhooks": "labtool.tasks.jobs.webhooks.section:Webhooks",
    "remind": "labtool.tasks.remind.section:Remind",
}
# Commands that stay in the foreground: name, the section that sets them up (and says by `stays`
# whether it wants that), what they are.
STAYING = (
    ("serve", "serve", "serves the site"),
    ("ptg-bot", "ptg", "the event board on IRC"),
    ("attune-watch", "instruments", "reads the logs of instruments"),
    ("slack-bot", "jobs", "the jobs' bot in Slack"),
    ("jobs-work", "jobs_settings", "runs what people asked for, at once"),
    ("workflow-work", "engine", "works at the runs of workflows"),
)


def staying(config: Config) -> dict[str, str]:
    """The commands that the config wants to stay in the foreground, with what they are for.
    Raises ConfigError."""
    found = {}
    for command, name, about in STAYING:
        if command == "slack-bot" and not (config.core.slack and config.core.slack.app_token):
            continue  # jobs are of use without it
        if config.has(name):
            section = config.section(name, model(name))
            if getattr(section, "stays", True):
                found[command] = about
    return found


def model(name: str) -> type[BaseModel]:
    """The model of a task's section."""
    found: type[BaseModel] = resolve_name(SECTIONS[name])
    return found


def mistakes(path: Path) -> list[Problem]:
    """The mistakes in all tasks' sections of a config, whatever is wrong with the rest."""
    problems: list[Problem] = []
    marked = read_whole(path, environment(path.parent, lambda _: None))
    if isinstance(marked.data, dict):
        for name in SECTIONS:
            if marked.data.get(name) is not None:
                validate(model(name), marked.data[name], marked, (name,), problems)
    return problems


_Folder = Annotated[str, Field(pattern="/$", description="Its files have the entries")]


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of the whole config."""
    fields: dict[str, Any] = {name: (model(name) | _Folder | None, None) for name in SECTIONS}
    whole = create_model("labtool", __base__=Core, **fields)
    schema = whole.model_json_schema(by_alias=True)
    schema["title"] = "labtool.yaml"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
