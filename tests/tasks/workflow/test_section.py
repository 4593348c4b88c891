"""Workflows of the config: every mistake is named, with its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from labtool.core import config as core
from labtool.core.errors import ConfigError
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.definition import kept, restored, workflows_of

STEP = {"name": "a", "run": "true"}


def load(folder: Path, workflows: Any, **more: Any) -> core.Config:
    file = folder / "labtool.yaml"
    file.write_text(yaml.safe_dump({"workflows": workflows, **more}, sort_keys=False))
    return core.load(file, SECTIONS)


def mistakes(folder: Path, workflows: Any) -> str:
    with pytest.raises(ConfigError) as found:
        workflows_of(load(folder, workflows))
    return str(found.value)


@pytest.mark.parametrize(
    ("workflow", "said"),
    [
        ({"steps": []}, "steps: is empty; write at least one"),
        ({"steps": [{"name": "a"}]}, "has no activity; write one of"),
        ({"steps": [{**STEP, "approve": "Go?"}]}, "has several activities"),
        ({"steps": [{**STEP, "retrys": 2}]}, "did you mean retries?"),
        ({"steps": [{"name": "a", "rum": "true"}]}, "did you mean run?"),
        ({"steps": [STEP, STEP]}, "there is a step a already"),
        ({"steps": [[STEP, STEP]]}, "there is a step a already"),
        ({"steps": ["a"]}, "is not a step"),
        ({"steps": [{"name": "a", "run": "echo {x}"}]}, "nothing gives {x}"),
        ({"steps": [{"name": "a", "run": "eval {run}"}]}, "eval"),
        ({"steps": [[{"name": "a", "run": {"command": "date", "save": "x"}},
                     {"name": "b", "run": "echo {x}"}]]}, "nothing gives {x}"),
        ({"steps": [{"name": "a", "start": "nowhere"}]}, "there is no workflow nowhere"),
        ({"steps": [{"name": "a", "start": "w"}]}, "starts itself: w -> w"),
        ({"steps": [STEP], "input": {"type": "string"}}, "write type: object"),
        ({"steps": [STEP], "input": {"type": "objekt"}}, "is no JSON Schema"),
        ({"steps": [{**STEP, "start_to_close": "soon"}]}, "is not a duration"),
        ({"steps": [{"name": "a", "notify": {"to": "#x", "text": "{nobody}"}}]}, "{nobody}"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(tmp_path: Path, workflow: Any, said: str) -> None:
    found = mistakes(tmp_path, {"w": workflow})
    assert said in found
    assert "labtool.yaml:" in found
    assert "workflows.w" in found


def test_all_mistakes_of_steps_are_named_at_once_in_their_places(tmp_path: Path) -> None:
    steps = [
        {"name": "a", "notify": {"text": "x"}, "retries": "many", "start_to_close": "soon"},
        {"name": "b", "copy": {"from": "", "too": "/x"}, "retrys": 2},
        {"name": "c", "approve": {}},
        {"name": "d", "run": "eval {run}"},
        {"name": "e", "run": "true", "permanent": [2]},
        {"name": "my step", "fetch": {"from": "ftp://example.org/x", "to": "y"}},
    ]
    found = mistakes(tmp_path, {"w": {"steps": steps}})
    for said in (
        "steps.0.notify.to: is missing; add it",
        "steps.0.retries: 'many' is not a whole number",
        "steps.0.start_to_close: 'soon' is not a duration",
        "steps.1.copy.from: is empty",
        "steps.1.copy.too: is not a key that labtool knows here; did you mean to?",
        "steps.1.copy.to: is missing",
        "steps.1.retrys: is not a key that labtool knows here; did you mean retries?",
        "steps.2.approve.text: is missing",
        "steps.3.run: ",
        "steps.4.permanent: is a key of run, not of the step; write run: {command: ..., permanent:",
        "steps.5.name: 'my step' cannot be a name; write letters, digits, - and _, such as my_step",
        "steps.5.fetch.from: 'ftp://example.org/x' is no address",
    ):
        assert f"workflows.w.{said}" in found
    assert "Field" not in found


def test_where_another_workflow_is_started_wrongly(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {
        "w": {"steps": [STEP, [{"name": "b", "start": "nowhere"}, {"name": "c", "start": "v"}]]},
        "v": {"input": {"required": ["who"]}, "steps": [STEP]},
    })  # fmt: skip
    assert "workflows.w.steps.1.0.start: there is no workflow nowhere; write one of w, v" in found
    assert "workflows.w.steps.1.1.start: gives v no who; write input: {who: ...} beside" in found


def test_circles_are_found(tmp_path: Path) -> None:
    ring = {
        one: {"steps": [{"name": "s", "start": other}]}
        for one, other in (("a", "b"), ("b", "c"), ("c", "a"))
    }
    assert "a -> b -> c -> a" in mistakes(tmp_path, ring)


def test_what_earlier_steps_save_is_known_later(tmp_path: Path) -> None:
    steps = [
        {"name": "a", "run": {"command": "date", "save": "x"}},
        [{"name": "b", "run": "echo {x} {run} {scratch} {workflow}"}, STEP | {"name": "c"}],
    ]
    found = workflows_of(load(tmp_path, {"w": {"steps": steps}}))
    assert [step.name for step in found.root["w"].all] == ["a", "b", "c"]


def test_a_run_keeps_its_definition_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_WORD", "open sesame")
    steps = [{"name": "a", "run": {"command": "true", "secrets": {"WORD": "${LAB_WORD}"}}}]
    config = load(tmp_path, {"w": {"steps": steps}})
    found = kept(config, "w")
    assert "sesame" not in str(found)
    step = next(restored(found, config, "w").all)
    assert step.activity.secrets["WORD"].reveal() == "open sesame"  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://", "postgresql://u:p@h/d", "x"])
def test_an_engine_that_is_none(tmp_path: Path, url: str) -> None:
    config = load(tmp_path, {"w": {"steps": [STEP]}}, engine={"url": url})
    from labtool.tasks.workflow.section import Engine

    with pytest.raises(ConfigError):
        config.section("engine", Engine)
