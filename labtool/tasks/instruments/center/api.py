"""The JSON API under /api: changes and signs of life in, states and history out.

    POST /api/instruments/NAME/events      changes in their order, each once; 409: which is next
    POST /api/instruments/NAME/heartbeat   all is well, or the log cannot be read
    GET  /api/instruments, /api/instruments/NAME, /api/instruments/NAME/history

`Authorization: Bearer TOKEN`, with the instrument's own token to send, any to read; described at
/api/openapi.json.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

import labtool
from labtool.core.clock import iso
from labtool.core.database import Database
from labtool.core.errors import StateError
from labtool.core.log import complain
from labtool.tasks.instruments.center import models as m
from labtool.tasks.instruments.center.keeping import Keeping, OutOfStepError
from labtool.tasks.instruments.center.looking import Look, look
from labtool.tasks.instruments.center.tokens import Tokens
from labtool.tasks.instruments.kinds._base import InstrumentOptions

# What a wrong token costs, in seconds.
_PENALTY = 0.3
_bearer = HTTPBearer(auto_error=False)
_Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
_Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No token, or a wrong one"},
    403: {"description": "Another instrument's token"},
    404: {"description": "No such instrument"},
}
_OUT_OF_STEP: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "Changes are missing before these: `expected` is next. 0: others have these"
        " numbers, and these need an epoch of their own"
    }
}
_router = APIRouter()


@dataclass(frozen=True, slots=True)
class Center:
    """What the API stands on: `open` gives a database of its own to whoever asks, `changed` is
    called after something has come."""

    instruments: Mapping[str, InstrumentOptions]
    tokens: Tokens
    open: Callable[[], Database]
    now: Callable[[], datetime]
    changed: Callable[[], None]

    @contextmanager
    def keeping(self) -> Iterator[Keeping]:
        """What is kept, for one request."""
        database = self.open()
        try:
            yield Keeping(database)
        finally:
            database.close()

    def shown(self, key: str, kept: Keeping) -> m.Shown:
        """One instrument, as it is now."""
        moment = self.now()
        return shown(look(key, self.instruments[key], kept, moment), moment)


def api(center: Center) -> FastAPI:
    """The API, to be mounted."""
    app = FastAPI(
        title="labtool: instruments",
        version=labtool.__version__,
        docs_url=None,  # they come from other hosts
        redoc_url=None,
        exception_handlers={
            OutOfStepError: _out_of_step,
            RequestValidationError: _refused,
            StateError: _unusable,
        },
    )
    app.state.center = center
    app.include_router(_router)
    return app


def _center(request: Request) -> Center:
    found: Center = request.app.state.center
    return found


_Center = Annotated[Center, Depends(_center)]


async def _reader(center: _Center, given: _Given) -> str:
    """Whose token was given."""
    # In a thread: now and then the tokens are read anew, which may take a program's time.
    owner = await run_in_threadpool(center.tokens.owner, given.credentials) if given else ""
    if not owner:
        if given:
            await asyncio.sleep(_PENALTY)
        challenge = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, "a token is missing or wrong", headers=challenge)
    return owner


_Reader = Annotated[str, Depends(_reader)]


def _known(name: _Key, center: _Center, _owner: _Reader) -> str:
    """An instrument that anybody with a token may look at."""
    if name not in center.instruments:
        raise HTTPException(404, "there is no such instrument")
    return name


def _own(name: _Key, center: _Center, owner: _Reader) -> str:
    """The instrument that a token is for."""
    if name != owner:
        raise HTTPException(403, "this is the token of another one")
    return _known(name, center, owner)


_Known = Annotated[str, Depends(_known)]
_Own = Annotated[str, Depends(_own)]


@_router.post("/instruments/{name}/events", responses={**_ERRORS, **_OUT_OF_STEP})
def events(sent: m.Changes, key: _Own, center: _Center) -> m.Confirmed:
    """Changes in their order. A repeat is let go, and confirmed again."""
    with center.keeping() as kept:
        last = kept.take(key, sent, center.now())
    center.changed()
    return m.Confirmed(last=last)


@_router.post("/instruments/{name}/heartbeat", responses=_ERRORS)
def heartbeat(sent: m.Heartbeat, key: _Own, center: _Center) -> dict[str, bool]:
    """A sign of life."""
    with center.keeping() as kept:
        kept.beat(key, sent, center.now())
    center.changed()
    return {"ok": True}


@_router.get("/instruments", responses={401: _ERRORS[401]})
def states(_owner: _Reader, center: _Center) -> list[m.Shown]:
    """Every instrument, as it is now."""
    with center.keeping() as kept:
        return [center.shown(key, kept) for key in center.instruments]


@_router.get("/instruments/{name}", responses=_ERRORS)
def state(key: _Known, center: _Center) -> m.Shown:
    """One instrument, as it is now."""
    with center.keeping() as kept:
        return center.shown(key, kept)


@_router.get("/instruments/{name}/history", responses=_ERRORS)
def history(
    key: _Known,
    center: _Center,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
) -> m.Page:
    """The newest changes, oldest first, or those before a page's."""
    with center.keeping() as kept:
        rows = kept.history(key, limit, before)
    changes = tuple(
        m.Entry(time=r["at"], event=r["event"], outcome=r["outcome"], state=json.loads(r["state"]))
        for r in rows
    )
    return m.Page(changes=changes, before=rows[0]["id"] if len(rows) == limit else None)


async def _out_of_step(_request: Request, error: Exception) -> Response:
    expected = error.expected if isinstance(error, OutOfStepError) else 0
    return JSONResponse({"detail": str(error), "expected": expected}, 409)


async def _unusable(_request: Request, error: Exception) -> Response:
    complain(str(error))
    return JSONResponse({"detail": "the server's state cannot be used now"}, 503)


async def _refused(_request: Request, error: Exception) -> Response:
    # What was sent stays out of it: it may hold what JSON cannot.
    found = error.errors() if isinstance(error, RequestValidationError) else []
    told = [{key: one[key] for key in ("loc", "msg", "type")} for one in found]
    return JSONResponse({"detail": jsonable_encoder(told)}, 422)


def shown(found: Look, now: datetime) -> m.Shown:
    free = found.free
    return m.Shown(
        key=found.key,
        name=found.name,
        life=found.life,
        heard=iso(found.heard) if found.heard else "",
        why=found.why,
        state=found.state,
        free_at=iso(free.at) if free else "",
        free_from=iso(free.low) if free else "",
        free_until=iso(free.high) if free else "",
        late=bool(free and free.late(now)),
        runs_known=found.runs,
    )
