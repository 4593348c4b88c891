"""`labtool slack-bot`."""

from typing import TYPE_CHECKING

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.task import Run
    from labtool.services.build import Services

app = typer.Typer(add_completion=False)


@app.command()
def slack_bot(
    context: typer.Context,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The jobs' bot in Slack, by Socket Mode; stays in the foreground."""

    def work(run: "Run", services: "Services") -> None:
        from labtool.core.errors import ConfigError, Problem
        from labtool.services.build import Services
        from labtool.tasks.homes import parts
        from labtool.tasks.jobs.open import jobs_of
        from labtool.tasks.jobs.slack.bot import Bot
        from labtool.tasks.jobs.slack.fresh import Fresh
        from labtool.tasks.said import hears

        jobs_of(run.config)
        slack = services.slack
        if slack is None:
            where = run.config.where("slack")
            fix = "write slack: {token: ..., app_token: ...}"
            raise ConfigError([Problem(where, "is not set up", fix, "slack")])
        fresh = Fresh(
            run.config,
            lambda: o.load(str(run.config.path)),
            lambda config: Services(config, run.database, run.clock).people,
        )
        bot = Bot(run, fresh, slack.rooms, slack.member, parts, hears)
        link = services.slack_socket(bot.receive)
        if run.dry_run:
            run.shown = True
            print("would answer in Slack")
            return
        bot.serve(link)

    o.task(
        "slack-bot", (), o.Options(config, dry_run, at, json, verbose), context, work, alone=True
    )
