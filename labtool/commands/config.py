"""`labtool config schema`."""

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def config() -> None:
    """The config's JSON Schema, for editors."""


@app.command()
def schema(verbose: o.Verbose = False) -> None:
    """Print a JSON Schema of labtool.yaml, so that an editor completes and checks it."""

    def body() -> int:
        from labtool.commands._show import document
        from labtool.tasks.sections import json_schema

        document(json_schema())
        return 0

    o.finish(body, verbose=verbose)
