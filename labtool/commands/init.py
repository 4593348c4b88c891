"""`labtool init`."""

from pathlib import Path
from typing import Annotated

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def init(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace what is there (kept as NAME.bak).")
    ] = False,
    verbose: o.Verbose = False,
) -> None:
    """Make a lab folder that works at once: a commented config, sheets, a secrets file."""

    def body() -> int:
        import shlex

        from labtool.core.clock import Clock, machine_zone
        from labtool.tasks.setup.scaffold import files, make

        zone = machine_zone()
        make(target, files(Clock(zone).today(), zone.key), force=force)
        print(f"{target}/labtool.yaml   what the lab wants; its comments say what can be changed")
        print(f"{target}/sheets/        people, duties, meetings of an invented lab, around today")
        print(f"{target}/.env           for secrets, such as the Slack token")
        print()
        if force:
            print("What was there and differs is kept beside it as NAME.bak.")
        print(f"Try it: cd {shlex.quote(str(target))}; labtool remind")
        print("What it prints counts as said, also once Slack or mail is set up. To only look:")
        print("labtool remind --dry-run, or --preview 14d")
        return 0

    o.finish(body, verbose=verbose)
