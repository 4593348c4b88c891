"""A workflow as the config has it <-> as a run of it keeps it: the version that a run began with is
the one that it ends with. What names environment variables is kept as it is written, as a secret
may be in one.
"""

from collections.abc import Mapping
from typing import Any

from labtool.core.config import Config
from labtool.core.config.load import place_secrets, validate
from labtool.core.config.marks import Expanded, Marked
from labtool.core.config.secrets import environment
from labtool.core.errors import ConfigError, Failed, Problem
from labtool.tasks.workflow.section import Engine, Workflow, Workflows

_WRITTEN = "${}"


def workflows_of(config: Config) -> Workflows:
    """The config's workflows. Raises ConfigError where it names none."""
    if not config.has("workflows"):
        fix = "write one, as config/sequencing.example.yaml shows"
        raise ConfigError([Problem(config.where("workflows"), "names none", fix, "workflows")])
    return config.section("workflows", Workflows)


def engine_of(config: Config) -> Engine:
    """How runs are kept and worked at."""
    return config.section("engine", Engine)


def kept(config: Config, name: str) -> dict[str, Any]:
    """A workflow for a run to keep. Raises Failed where there is none of this name."""
    known = workflows_of(config)
    if known.get(name) is None:
        fix = f"there are {', '.join(known.root)}"
        raise Failed(f"there is no workflow {name}", fix=fix, code="no_workflow")
    found: dict[str, Any] = _written(config.marked.data["workflows"][name])
    return found


def fitting(config: Config, name: str, given: Mapping[str, Any]) -> Workflow:
    """The workflow of this name, which takes this input. Raises Failed where there is none, or it
    does not."""
    kept(config, name)
    found = workflows_of(config).root[name]
    if odd := found.odd(given):
        fix = "see its input: in the config"
        raise Failed("; ".join(odd), where=f"input of {name}", fix=fix, code="input")
    return found


def restored(kept_: Mapping[str, Any], config: Config, name: str) -> Workflow:
    """A run's workflow. Raises Failed where this labtool does not understand it."""
    data = _expanded(kept_, environment(config.base, lambda _: None))
    marked, problems = Marked(str(config.path), {}), list[Problem]()
    workflow = validate(Workflow, data, marked, (), problems)
    if workflow is None:
        said = "; ".join(f"{one.path}: {one.what}" for one in problems)
        what = f"the workflow that the run has kept is not understood ({said})"
        raise Failed(what, fix="start it anew", code="definition")
    place_secrets(workflow, ("workflows", name), marked, config.base)
    return workflow


def _written(value: Any) -> Any:
    if isinstance(value, Expanded):
        return {_WRITTEN: value.written}
    if isinstance(value, dict):
        return {key: _written(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_written(one) for one in value]
    return value


def _expanded(value: Any, environ: dict[str, str]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_WRITTEN}:
            return Expanded(value[_WRITTEN], environ)
        return {key: _expanded(one, environ) for key, one in value.items()}
    if isinstance(value, list):
        return [_expanded(one, environ) for one in value]
    return value
