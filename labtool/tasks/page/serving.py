"""`labtool serve`: the site, its data, and a stream of their changes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from labtool.core.config import Config
from labtool.core.service import until_told_to_stop
from labtool.core.task import Run
from labtool.services.web import Background, Listen, Web
from labtool.tasks.page.changes import Changes
from labtool.tasks.page.files import Files
from labtool.tasks.page.render import POLICY
from labtool.tasks.page.section import Serve
from labtool.tasks.page.task import ALIVE, folder


@dataclass(frozen=True, slots=True)
class Site:
    """What endpoints may need: the config, the site's folder, the settings, and an event that
    is set when the server stops."""

    config: Config
    folder: Path
    settings: Serve
    stopping: asyncio.Event


@dataclass(frozen=True, slots=True)
class Parts:
    """What a task gives to the server: routes, and what goes on in the background meanwhile."""

    routes: Sequence[BaseRoute]
    background: Sequence[Background] = ()


Endpoints = Callable[[Site], Parts]


def serve(
    run: Run,
    endpoints: Sequence[Endpoints],
    connect: Callable[[Listen], Web],
    build: Callable[[], object],
) -> None:
    """Serve until told to stop; the site is built first if there is none yet. `connect` makes
    the server (`Services.web`). Raises Failed, and KeyboardInterrupt after ^C."""
    settings = run.config.section("serve", Serve)
    if not (folder(run.config) / "index.html").exists():
        build()
    web = connect(Listen(settings.host, settings.port, POLICY))
    site = Site(run.config, folder(run.config), settings, web.stopping)
    parts = [make(site) for make in endpoints]
    routes = [route for part in parts for route in part.routes]
    background = [work for part in parts for work in part.background]
    run.summary = "stopped"
    with until_told_to_stop(web.stop):
        web.run(
            routes, background, lambda url: print(f"serving {site.folder} at {url}", flush=True)
        )


def endpoints(site: Site) -> Parts:
    """The site's files, and `events`."""
    changes = Changes(site.folder, site.settings.clients, site.stopping, but=ALIVE)
    files = Files(site.folder)

    async def events(request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=headers)
        stream = changes.join()
        if stream is None:
            return PlainTextResponse("Too many follow already; ask again later.\n", 503)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return Parts(
        [Route("/events", events), Route("/{path:path}", files.answer)],
        [changes.watch],
    )
