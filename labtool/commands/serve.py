"""`labtool serve`."""

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    context: typer.Context,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Serve the site and its changes; stays in the foreground."""
    from labtool.core.task import Run
    from labtool.services.build import Services

    def work(run: Run, services: Services) -> None:
        from labtool.tasks.endpoints import endpoints
        from labtool.tasks.page import serving
        from labtool.tasks.page.task import build, folders
        from labtool.tasks.pages import providers_around

        if run.dry_run:
            run.shown = True
            run.result["would serve"] = str(folders(run.config).public)
            if not json:
                print(f"would serve {folders(run.config).public}")
            return
        around = providers_around("instruments")

        def build_site() -> None:
            build(run.config, around, run.clock.now())

        means = serving.Means(
            services.web,
            build_site,
            lambda one: one(run, services),
            lambda: o.load(str(run.config.path)),
        )
        serving.serve(run, endpoints(), means)

    o.task("serve", (), o.Options(config, dry_run, at, json, verbose), context, work)
