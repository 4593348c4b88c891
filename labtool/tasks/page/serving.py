"""`labtool serve`: the site, its data, and a stream of their changes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from labtool.core.config import Config
from labtool.core.service import until_told_to_stop
from labtool.core.task import Run
from labtool.services.web import Background, Listen, Web
from labtool.tasks.page.changes import Changes
from labtool.tasks.page.files import Files
from labtool.tasks.page.guard import Endpoint, Guard
from labtool.tasks.page.render import POLICY
from labtool.tasks.page.section import Serve
from labtool.tasks.page.task import ALIVE, Folders, folders


@dataclass(frozen=True, slots=True)
class Site:
    """What endpoints may need: the config, the sites' folders, the settings, and an event that
    is set when the server stops."""

    config: Config
    folders: Folders
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
    place = folders(run.config)
    if not (place.public / "index.html").exists():
        build()
    web = connect(Listen(settings.host, settings.port, POLICY))
    site = Site(run.config, place, settings, web.stopping)
    parts = [make(site) for make in endpoints]
    routes = [route for part in parts for route in part.routes]
    background = [work for part in parts for work in part.background]
    run.summary = "stopped"
    with until_told_to_stop(web.stop):
        web.run(routes, background, lambda url: _say(place, settings, url))


def _say(place: Folders, settings: Serve, url: str) -> None:
    print(f"serving {place.public} at {url}", flush=True)
    if settings.password or settings.header:
        print(f"serving {place.private} at {url}lab/ to who may", flush=True)


def endpoints(site: Site) -> Parts:
    """The sites' files, and `events` of each; the lab's own are under /lab/."""
    guard = Guard(site.settings)
    public, private = (
        (Changes(folder, site.settings.clients, site.stopping, but=ALIVE), Files(folder))
        for folder in (site.folders.public, site.folders.private)
    )
    return Parts(
        [
            Route("/lab", guard(_to_lab)),
            Route("/lab/events", guard(_events(private[0]))),
            Route("/lab/{path:path}", guard(_kept_apart(private[1].answer))),
            Route("/events", _events(public[0])),
            Route("/{path:path}", public[1].answer),
        ],
        [public[0].watch, private[0].watch],
    )


def _events(changes: Changes) -> Endpoint:
    async def events(request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=headers)
        stream = changes.join()
        if stream is None:
            return PlainTextResponse("Too many follow already; ask again later.\n", 503)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return events


async def _to_lab(_request: Request) -> Response:
    return RedirectResponse("/lab/")


def _kept_apart(endpoint: Endpoint) -> Endpoint:
    """No cache between us and the browser may keep what it answers."""

    async def answer(request: Request) -> Response:
        response = await endpoint(request)
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    return answer
