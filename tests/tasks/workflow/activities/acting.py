"""An activity's attempt, without the engine around it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from labtool.core import config as core
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.activities._base import ActivityOptions, Context, Runs


def context(
    folder: Path, values: dict[str, Any] | None = None, stop: Callable[[], str] = lambda: ""
) -> Context:
    """One of the run `r` at its step `s`, in a folder that has its config."""
    file = folder / "labtool.yaml"
    file.touch()
    for name in ("scratch", "logs/r/s-1"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Context(
        config=core.load(file, SECTIONS),
        run="r",
        workflow="w",
        step="s",
        attempt=1,
        values=values or {},
        scratch=folder / "scratch",
        logs=folder / "logs" / "r" / "s-1",
        token="0" * 32,
        since=0.0,
        seconds=60.0,
        beat=lambda: None,
        stop=stop,
        runs=cast("Runs", None),
    )


def act(options: ActivityOptions, folder: Path, values: dict[str, Any] | None = None) -> Any:
    """Do it."""
    return options.act(context(folder, values))


def left(folder: Path) -> list[str]:
    """What an attempt has left beside what it made."""
    return sorted(one.name for one in folder.rglob(".labtool-*"))
