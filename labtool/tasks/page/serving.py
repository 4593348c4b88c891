"""`labtool serve`: the site, its data, and a stream of their changes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from labtool.core.config import Config
from labtool.core.endpoints import Endpoints, Parts, Site
from labtool.core.service import tried, until_told_to_stop
from labtool.core.task import Run
from labtool.services.web import Listen, Web
from labtool.tasks.page.changes import Changes
from labtool.tasks.page.files import Files
from labtool.tasks.page.guard import Endpoint, Guard
from labtool.tasks.page.render import POLICY
from labtool.tasks.page.section import Serve
from labtool.tasks.page.task import ALIVE, Folders, folders

Round = Callable[[Run, Any], bool]
# The site is built anew at most so often, in seconds.
_REST = 2.0


@dataclass(frozen=True, slots=True)
class Means:
    """What the server needs of others: `connect` makes it (`Services.web`), `build` writes the
    site, `make` makes a round, and `again` reads the config anew."""

    connect: Callable[[Listen], Web]
    build: Callable[[], None]
    make: Callable[[Round], bool]
    again: Callable[[], Config]


def serve(run: Run, endpoints: Sequence[Endpoints], means: Means) -> None:
    """Serve until told to stop; the site is built first if there is none yet. Raises Failed,
    and KeyboardInterrupt after ^C."""
    settings = run.config.section("serve", Serve)
    place = folders(run.config)
    if not (place.public / "index.html").exists():
        means.build()
    web = means.connect(Listen(settings.host, settings.port, POLICY))
    site = Site(run.config, web.stopping, lambda: tokens(means.again()))
    parts = [make(site) for make in endpoints]
    routes = [route for part in parts for route in part.routes]
    background = [work for part in parts for work in part.background]
    anew = _Anew(run, [one for part in parts for one in part.rounds], means)
    run.summary = "stopped"
    with until_told_to_stop(web.stop):
        web.run(routes, background, lambda url: _say(place, settings, url), anew)


class _Anew:
    """Makes the rounds, and builds the site where they ask for it."""

    def __init__(self, run: Run, rounds: Sequence[Round], means: Means) -> None:
        self._run, self._rounds, self._means = run, rounds, means
        self._wanted = False
        self._last = 0.0

    def __call__(self) -> None:
        for one in self._rounds:
            self._wanted |= self._means.make(one)
        if self._wanted and time.monotonic() - self._last > _REST:
            self._wanted = False
            self._last = time.monotonic()
            tried(self._run, "site", self._means.build)


def tokens(config: Config) -> dict[str, str]:
    """The tokens of the config. Raises ConfigError."""
    found = config.section("serve", Serve).tokens
    return {name: token.reveal() for name, token in found.items()}


def _say(place: Folders, settings: Serve, url: str) -> None:
    print(f"serving {place.public} at {url}", flush=True)
    if settings.password or settings.header:
        print(f"serving {place.private} at {url}lab/ to who may", flush=True)


def endpoints(site: Site) -> Parts:
    """The sites' files, and `events` of each; the lab's own are under /lab/."""
    settings = site.config.section("serve", Serve)
    place = folders(site.config)
    guard = Guard(settings)
    public, private = (
        (Changes(folder, settings.clients, site.stopping, but=ALIVE), Files(folder))
        for folder in (place.public, place.private)
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
