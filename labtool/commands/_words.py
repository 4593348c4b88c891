"""The words of a timer, or of a step, read as the command line would read them."""

from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from difflib import get_close_matches
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labtool.core.config import Config
    from labtool.core.errors import Problem


def misworded(lab: "Config") -> Iterator["Problem"]:
    """The steps of workflows whose command of labtool's is none, as far as its words are known."""
    from labtool.core.config.marks import dotted
    from labtool.core.errors import Problem
    from labtool.tasks.workflow.activities import task
    from labtool.tasks.workflow.definition import workflows_of

    for name, workflow in workflows_of(lab).root.items() if lab.has("workflows") else ():
        for place, step in workflow.placed:
            options = step.activity
            if isinstance(options, task.Options) and not any(names for _, names in options.texts()):
                what, fix = mistake(options.command)
                if what:
                    loc = ("workflows", name, *place, "task")
                    yield Problem(lab.where(*loc), what, fix, dotted(loc))


def mistake(words: Sequence[str]) -> tuple[str, str]:
    """What is wrong with `labtool WORDS`, and what to write instead; two empty texts for
    nothing. The command's own parser reads them, and nothing is run."""
    import typer

    from labtool.cli import COMMANDS, app

    path: list[str] = []
    shown = StringIO()
    try:
        with redirect_stdout(shown), redirect_stderr(shown):  # a parser prints its help
            command: Any = typer.main.get_command(app)
            context = command.make_context("labtool", list(words))
            while hasattr(command, "resolve_command"):
                rest = [*context._protected_args, *context.args]  # noqa: SLF001  (click's own way)
                if not rest:
                    break
                if not path and rest[0] not in COMMANDS:
                    near = get_close_matches(rest[0], COMMANDS, n=1)
                    fix = f"write one of {', '.join(COMMANDS)}"
                    fix = f"did you mean {near[0]}?" if near else fix
                    return f"{rest[0]!r} is not a labtool command", fix
                name, command, rest = command.resolve_command(context, rest)
                path.append(name)
                context = command.make_context(name, rest, parent=context)
    except Exception as error:
        # Where click's errors are defined differs between versions of typer.
        said = getattr(error, "format_message", lambda: "")().strip().rstrip(".")
        if "\n" in said:
            said = ""  # all of its help
        elif not said and not shown.getvalue():
            raise
        fix = f"see: labtool {' '.join([*path, '--help'])}"
        return said or "only prints help or the version", fix
    if path[:2] == ["timers", "run"]:
        return "a timer cannot run timers", "write the command it should run"
    if not path:
        return "names no command", f"write one of {', '.join(COMMANDS)}"
    return "", ""
