"""`labtool doctor`."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.probe import Finding

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", metavar="", help="Do what is safe.")] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Look for troubles of the machine and of labtool, and say what to do."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.database import Database
        from labtool.core.errors import FAILED, OK
        from labtool.tasks.probes import examined

        lab = o.load(config, context)
        there = (lab.state / "labtool.db").exists()
        database = Database.snapshot(lab.state)
        if there and not dry_run:
            database = Database.open(lab.state)
        found = examined(lab, database, o.clock(lab, at).now())
        done = [_mended(one) for one in found if fix and not dry_run and one.mend]
        bad = any(one.state == "bad" for one in found)
        if json:
            told = [{"state": one.state, "about": one.about, "what": one.what, "fix": one.advice}
                    for one in found]  # fmt: skip
            show.document({"findings": told, "done": done})
        else:
            rows = [[one.state, one.about, _words(one, fix=fix, dry_run=dry_run)] for one in found]
            show.table(("", "about", "what"), rows, "There is nothing to look at.")
            for line in done:
                print(line)
            if fix and not any(one.mend for one in found):
                print("there was nothing that --fix can mend")
        return FAILED if bad else OK

    o.finish(body, verbose=verbose, json=json)


def _mended(finding: "Finding") -> str:
    from labtool.core.errors import LabtoolError

    assert finding.mend is not None
    try:
        return f"mended: {finding.mend()}"
    except (LabtoolError, OSError) as error:
        fix = f"; {finding.fix}" if finding.fix else ""
        return f"{finding.about} could not be mended: {error}{fix}"


def _words(finding: "Finding", *, fix: bool, dry_run: bool) -> str:
    if fix and finding.mend:
        return f"{finding.what}{' (would be mended)' if dry_run else ''}"
    return f"{finding.what}{f'; {finding.advice}' if finding.advice else ''}"
