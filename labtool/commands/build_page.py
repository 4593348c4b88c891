"""`labtool build-page`."""

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def build_page(
    context: typer.Context,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Build the site: the event board and what else the config names."""
    from labtool.core.task import Run
    from labtool.services.build import Services

    def work(run: Run, _: Services) -> None:
        from labtool.core.files import shortest
        from labtool.tasks.page.task import build, rehearse, written
        from labtool.tasks.pages import providers

        now = run.clock.now()
        if not run.dry_run:
            run.counts.update(build(run.config, providers(), now))
            found = written(run.config)
            run.result["folders"] = [str(folder) for folder in found]
            run.place = " and ".join(shortest(folder) for folder in found)
            return
        run.shown = True
        run.result["would write"] = changes = rehearse(run.config, providers(), now)
        for path in changes if not json else ():
            print(f"would write {path}")
        if not changes and not json:
            print("the site is as it should be")

    o.task("build-page", (), o.Options(config, dry_run, at, json, verbose), context, work)
