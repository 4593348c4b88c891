"""The words of a timer, read as the command line would read them."""

from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any


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
                    fix = f"write one of {', '.join(COMMANDS)}"
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
